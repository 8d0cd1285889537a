"""What the pages say was tried is what the commands have counted."""

import ast
import json

import odd_page
import pytest
import tried
from odd_kinds import KINDS

FAULTS = {"refused for metadata", "other exception", "loaded, or another exception", "endless"}


def test_the_table_of_security_is_the_counts():
    text = tried.PAGE.read_text()
    assert tried.TABLE.search(text)[0] == tried.table(), "run python tests/tried.py"


@pytest.mark.parametrize("path", sorted(tried.FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_nothing_that_was_tried_went_wrong(path):
    facts = json.loads(path.read_text())
    if "rows" in facts:
        assert sum(sum(endings.values()) for _, endings in facts["rows"]) >= 1000
        assert not any(endings.get(fault) for _, endings in facts["rows"] for fault in FAULTS)
    else:
        assert not any("failed" in endings for endings in facts["counts"].values())


def test_odd_files_are_the_counts():
    start = odd_page.HEAD + odd_page.formats() + odd_page.kinds() + odd_page.FILES
    assert odd_page.PAGE.read_text().startswith(start), "run python tests/odd_page.py"


@pytest.mark.parametrize("kind", KINDS)
def test_the_tests_of_each_kind_are_there(kind):
    for _, _, names in KINDS[kind]:
        for name in names:
            path, _, function = name.partition("::")
            tree = ast.parse((odd_page.TESTS / path).read_text())
            known = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert not function or function in known, f"{path} has no {function}"
