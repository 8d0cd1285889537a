"""Runs the tests of odd files and situations, and writes docs/odd_files.md from what they did.

    python tests/odd_page.py
    python tests/odd_page.py Videos Bombs
    PYTHONPATH=tests pytest -p odd_page

The second runs the tests of these kinds alone. The third is a run of pytest that keeps the counts
of what it runs, in tests/tried/tests.json, for the next page. Those of other tests stay as they
were.
"""

import collections
import datetime
import json
import os
import pathlib
import sys
import tempfile

from odd_files import mode_of, odd_files
from odd_kinds import KINDS
from PIL import Image

from keras_secn.upscaling.io import kinds as kinds_of_files
from keras_secn.upscaling.io import probe, write
from keras_secn.utils.markdown import markdown_table

TESTS = pathlib.Path(__file__).parent
COUNTS = TESTS / "tried" / "tests.json"
PAGE = TESTS.parent / "docs" / "odd_files.md"
HEAD = """# Odd files

What `keras-secn` makes of files and situations that are not plain RGB photographs, found in
trackers of programs like this one. The tests try each; `python tests/odd_page.py` runs them and
writes this page. A refused file costs nothing but its line: the others of a folder are still made,
and the exit status is 1.

"""
FORMATS = """
Videos are read and written as {videos} (by `ffmpeg`; H.264, VP9 in `.webm`). What is not read is
refused by its name: {refused}. Save such files as TIFF or PNG first.

"""
FILES = """
## Files

Orientations are applied to the pixels, so that the result needs no tag.

"""


RAN = collections.defaultdict(collections.Counter)


def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        path = report.nodeid.partition("[")[0].removeprefix("tests/")
        if any(_among(path, row[2]) for rows in KINDS.values() for row in rows):
            RAN[path][report.outcome] += 1


def pytest_sessionfinish(session):
    if RAN and not hasattr(session.config, "workerinput"):
        known = json.loads(COUNTS.read_text())["counts"] if COUNTS.is_file() else {}
        facts = {"date": str(datetime.date.today()), "counts": {**known, **RAN}}
        COUNTS.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


def run(kinds):
    """Runs these kinds' tests, and returns pytest's exit status."""
    import pytest

    names = [str(TESTS / name) for kind in kinds for row in KINDS[kind] for name in row[2]]
    return pytest.main(["-q", "-p", "odd_page", *names])


def _among(test, names):
    return any(test == name or test.startswith(f"{name}::") for name in names)


def kinds():
    """The tables of kinds, by the counts that are kept."""
    facts, parts = {"counts": {}}, []
    if COUNTS.is_file():
        facts = json.loads(COUNTS.read_text())
        parts.append(f"The tests ran last on {facts['date']}.\n")
    for kind, rows in KINDS.items():
        lines = []
        for tried, right, tests in rows:
            endings = collections.Counter()
            for test, counts in facts["counts"].items():
                if _among(test, tests):
                    endings.update(counts)
            cases = [f"{count} {ending}" for ending, count in sorted(endings.items())]
            lines.append([tried, right, ", ".join(cases) or "not run"])
        parts.append(f"## {kind}\n\n" + markdown_table(["tried", "right", "cases"], lines))
    return "\n".join(parts)


def formats():
    """The table of formats in and out, by what the package says of itself."""
    lines = []
    for kind in dict.fromkeys(write.FORMATS.values()):
        suffixes = [suffix for suffix, known in write.FORMATS.items() if known == kind]
        frames = "animations" if kind in write.MOVING else "pages" if kind == "TIFF" else ""
        depth = "8, 16" if kind in write.STREAMED else "8"
        alpha = "" if kind in write.OPAQUE else "yes"
        lines.append([kind, ", ".join(suffixes), depth, alpha, frames])
    columns = ["read and written", "names", "bits", "alpha", "several frames"]
    videos, refused = sorted(probe.SUFFIXES), sorted(kinds_of_files.UNREAD)
    text = FORMATS.format(videos=", ".join(videos), refused=", ".join(refused))
    return "## Formats\n\n" + markdown_table(columns, lines) + text


def row(odd, path, result):
    """The page's row of one odd file.

    Args:
        odd: an `odd_files.Odd`.
        path: where it was written.
        result: path of what was made of it, or the error's text.
    """
    if isinstance(result, str):
        reason = result.replace(f"{path.parent}{os.sep}", "")
        return [odd.name, odd.about or "-", f"error: {reason}"]
    return [odd.name, describe(path), describe(result)]


def describe(path):
    with Image.open(path) as image:
        frames = getattr(image, "n_frames", 1)
        extra = [f"{frames} frames"] if frames > 1 else []
        extra += ["ICC"] if image.info.get("icc_profile") else []
        orientation = image.getexif().get(0x0112)
        extra += [f"orientation {orientation}"] if orientation else []
        return ", ".join([image.format, mode_of(path), f"{image.width}x{image.height}", *extra])


def files():
    """The table of odd files, from what becomes of each."""
    from keras_secn.upscaling.upscaler import Upscaler
    from keras_secn.utils.errors import UserError

    upscaler, rows = Upscaler("pocket_secn_s"), []
    with tempfile.TemporaryDirectory() as folder:
        for odd in odd_files():
            path = pathlib.Path(folder) / odd.name
            odd.write(path)
            try:
                rows.append(row(odd, path, upscaler(path)))
            except UserError as error:
                rows.append(row(odd, path, str(error)))
    return markdown_table(["file", "in", "out"], rows)


def write_page():
    """Writes the page."""
    PAGE.write_text(HEAD + formats() + kinds() + FILES + files())


if __name__ == "__main__":
    status = run(sys.argv[1:] or KINDS)
    write_page()
    sys.exit(status)
