"""Every notebook runs from top to bottom, and what it is kept with is what it shows."""

import pathlib
import re

import keras
import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

from execute import execute  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LARGEST = 1_000_000  # bytes: what a reader on a slow line still waits for
# trainings that are too long for a test; what they show then differs from what is stored
SHORT = {"02_cascade_training": {"STEPS": 2}, "05_your_own_block": {"STEPS": 2}}


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(notebook):
    """Texts and tables that a notebook shows, cell by cell."""
    for cell in code_cells(notebook):
        for output in cell.outputs:
            yield output.get("text") or output.get("data", {}).get("text/markdown", "")


def numbers(notebook):
    text = "\n".join(shown(notebook)).replace(",", "")
    return [float(number) for number in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", text)]


def require_picture(notebook):
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs), "no picture"


def test_the_five_are_there():
    assert [path.name[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_kept_with_outputs(path):
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == [*range(1, len(cells) + 1)]
    assert cells[0].metadata.tags == ["parameters"]
    assert not [o for cell in cells for o in cell.outputs if o.get("name") == "stderr"]
    require_picture(notebook)
    assert not any("/tmp/" in text for text in shown(notebook)), "differs from run to run"
    assert path.stat().st_size < LARGEST


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_reader_may_copy_every_line(path):
    """Public names alone, and nothing that a library's user should not do."""
    source = "\n".join(cell.source for cell in code_cells(nbformat.read(path, 4)))
    assert not re.search(r"keras_secn\.\w+\.\w+ import|import keras_secn\.", source)
    assert not re.search(r"\b_(?!_file__)\w|dup2|sys\.path", source)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_top_to_bottom(path, tmp_path, monkeypatch):
    if path.name.startswith("03") and keras.backend.backend() != "tensorflow":
        pytest.skip("export to LiteRT needs the TensorFlow backend")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    done = execute(path, **SHORT.get(path.stem, {}))
    require_picture(done)
    if path.stem not in SHORT:
        assert numbers(done) == pytest.approx(numbers(nbformat.read(path, 4)), rel=0.005)
