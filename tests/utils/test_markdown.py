"""Tables in Markdown, read back by the docs' own Markdown library."""

import re

import pytest

from keras_secn.utils.markdown import markdown_table

markdown = pytest.importorskip("markdown")


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (["network", "PSNR-Y"], [["a", "37.50"], ["", 3]]),
        (
            {"network": "{name}", "PSNR-Y": "{psnr:.2f}"},
            [{"name": "a", "psnr": 37.5, "more": None}, {"name": "b", "psnr": 3}],
        ),
    ],
)
def test_a_reader_finds_every_cell(columns, rows):
    page = markdown.markdown(markdown_table(columns, rows), extensions=["tables"])
    found = re.findall(r"<t[hd]>(.*?)</t[hd]>", page)
    cells = list(columns)
    for row in rows:
        cells += [c.format(**row) for c in columns.values()] if isinstance(row, dict) else row
    assert found == [str(cell) for cell in cells]
