"""What was tried on strangers' files: counts in tests/tried/, and the table of them in SECURITY.md.

    python tests/tried.py

writes the table anew. The counts come from the commands that stand in it.
"""

import datetime
import importlib.metadata
import json
import pathlib
import re
import shlex
import sys

from keras_secn.utils.markdown import markdown_table

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "tried"
NAMES = ("pictures", "tflite", "keras")
PAGE = ROOT / "SECURITY.md"
TABLE = re.compile(r"(?<=<!-- tried -->\n\n).*?(?=\n<!-- end of tried -->)", re.DOTALL)


def record(name, rows, packages):
    """Keeps what a command has counted.

    Args:
        name: of the file in tests/tried/.
        rows: a list of (what was tried, dictionary from an ending to how often it was met).
        packages: names of those whose versions matter.
    """
    command = ["python", str(pathlib.Path(sys.argv[0]).resolve().relative_to(ROOT)), *sys.argv[1:]]
    facts = {
        "command": shlex.join(command),
        "date": str(datetime.date.today()),
        "versions": {package: importlib.metadata.version(package) for package in packages},
        "rows": rows,
    }
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(facts, indent=1) + "\n")


def table():
    """The table of what is in tests/tried/."""
    rows = []
    for name in NAMES:
        if not (FOLDER / f"{name}.json").is_file():
            continue
        facts = json.loads((FOLDER / f"{name}.json").read_text())
        versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
        for what, endings in facts["rows"]:
            happened = ", ".join(
                f"{count:,} {ending}" for ending, count in endings.items() if count
            )
            by = f"`{facts['command']}`, {facts['date']}, {versions}"
            rows.append([what, f"{sum(endings.values()):,}", happened, by])
    return markdown_table(["tried", "times", "what happened", "by"], rows)


if __name__ == "__main__":
    PAGE.write_text(TABLE.sub(lambda _: table(), PAGE.read_text()))
