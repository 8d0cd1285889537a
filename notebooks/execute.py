"""Runs notebooks from top to bottom and stores what they show: `make notebooks-run`.

python notebooks/execute.py                     all of them
python notebooks/execute.py 04_the_zoo.ipynb    some
"""

import pathlib
import sys

import nbclient
import nbformat

FOLDER = pathlib.Path(__file__).resolve().parent


def execute(path, **parameters):
    """A notebook with the outputs of a fresh run, without what libraries log on stderr.

    Args:
        path: of the notebook.
        parameters: Python values in place of those that the cell tagged "parameters" sets.
    """
    notebook = nbformat.read(path, 4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    original = cells[0].source
    cells[0].source += "".join(f"\n{name} = {value!r}" for name, value in parameters.items())
    nbclient.NotebookClient(
        notebook,
        timeout=None,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(pathlib.Path(path).parent)}},
    ).execute()
    cells[0].source = original
    for cell in cells:
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return notebook


if __name__ == "__main__":
    for file in sys.argv[1:] or sorted(FOLDER.glob("*.ipynb")):
        if not pathlib.Path(file).is_file():
            sys.exit(f"error: no such file: {file}")
        print(file, flush=True)
        nbformat.write(execute(file), file)
