"""Tables of README, pages and notebooks agree with the presets' cards, to the printed digits."""

import json
import re

import pytest
import table1
from commands import ROOT

from keras_secn.presets.lite_files import preset_file
from keras_secn.presets.store import file_of, list_presets, preset_card

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def text_of(path):
    """A page, or the tables that a notebook is kept with."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    outputs = [o for cell in json.loads(text)["cells"] for o in cell.get("outputs", [])]
    tables = ["".join(o.get("data", {}).get("text/markdown", "")) for o in outputs]
    return "".join(f"{table}\n\n" for table in tables)


def tables(text):
    """Each table's rows, as dictionaries from the header's cells to their own."""
    for block in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        header, _, *rows = (
            [cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()
        )
        yield [dict(zip(header, row, strict=True)) for row in rows]


def figures():
    """(page, preset, column, cell) of what stands in a preset's row."""
    for path in [*PAGES, *NOTEBOOKS]:
        for table in tables(text_of(path)):
            for row in table:
                name = re.fullmatch(r"`(\w+)`", next(iter(row.values())))
                if name and name[1] in list_presets():
                    for column, cell in row.items():
                        if cell and column in COLUMNS:
                            yield path.name, name[1], column, cell


def same_number(value, text):
    """Whether a text is a value, rounded to the digits that the text has."""
    unit = 10.0 ** -len(text.partition(".")[2])
    return abs(value - float(text)) <= unit / 2 * (1 + 1e-6)


def same_score(folder, metric="psnr_y"):
    def check(name, text):
        return same_number(preset_card(name)["scores"][folder][metric], text)

    return check


def same_scores(name, text):
    folders = ("set5", "set14")
    return all(
        same_score(folder)(name, part)
        for folder, part in zip(folders, text.split(" / "), strict=True)
    )


def same_size(name, text):
    """The LiteRT file's size, or that of the weights where there is none."""
    file = preset_file(name)
    size = (file if file.is_file() else file_of(name, ".npz")).stat().st_size
    value, unit = text.split()
    return same_number(size / {"KB": 1e3, "MB": 1e6}[unit], value)


def same_cost(name, text):
    value, unit = text.split()
    assert unit == "M"
    return same_number(preset_card(name)["multiply_adds"] / 1e6, value)


def same_published(name, text):
    known = table1.published(name, "set5")
    return known is None or same_number(known[0], text)


COLUMNS = {
    "parameters": lambda name, text: f"{preset_card(name)['parameters']:,}" == text,
    "multiply-adds": same_cost,
    "multiply-adds per LR pixel": same_cost,
    "float LiteRT file": same_size,
    "Set5 / Set14 (dB)": same_scores,
    "Set5 (dB)": same_score("set5"),
    "Set14 (dB)": same_score("set14"),
    "Set5, SSIM": same_score("set5", "ssim_y"),
    "Set14, SSIM": same_score("set14", "ssim_y"),
    "Set5, published": same_published,
    "steps": lambda name, text: f"{preset_card(name)['training']['steps']:,}" == text,
}
FIGURES = list(figures())


@pytest.mark.parametrize("page, name, column, cell", FIGURES)
def test_figure_is_the_cards(page, name, column, cell):
    assert COLUMNS[column](name, cell), f"{page}: {name}, {column}: {cell}"


def test_pages_have_figures_to_check():
    checked = {(page, column) for page, _, column, _ in FIGURES}
    assert {
        ("README.md", column) for column in ("parameters", "float LiteRT file", "Set5 / Set14 (dB)")
    } <= checked
    assert {
        ("02_cascade_training.ipynb", "steps"),
        ("02_cascade_training.ipynb", "Set5 (dB)"),
        ("04_the_zoo.ipynb", "Set5 (dB)"),
    } <= checked
    elsewhere = {"float LiteRT file", "multiply-adds per LR pixel", "Set5 / Set14 (dB)"}
    assert {("results.md", column) for column in COLUMNS if column not in elsewhere} <= checked


def test_bicubic_is_the_protocols():
    """Its figures stand on the protocol's page; other tests check them on pictures."""
    page = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    line = re.search(r"\| this protocol: .*\|", page)[0]
    (set5, _), (set14, _) = (cell.split("/") for cell in line.strip("|").split("|")[1:])
    (row,) = (
        row
        for table in tables(PAGES[0].read_text(encoding="utf-8"))
        for row in table
        if "bicubic" in row.values()
    )
    assert (row["Set5 (dB)"], row["Set14 (dB)"]) == (set5.strip(), set14.strip())
