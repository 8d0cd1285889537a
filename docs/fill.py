"""Fills what stands between markers in the pages, so that they are whole wherever they are read.

    python docs/fill.py

fills every page of docs/ anew. `<!-- NAME -->` and `<!-- end of NAME -->` stand around what is
made, and NAME says what that is:

command upscale    the options of `keras-secn upscale`
presets            the table of trained weights, by their cards
inputs             the tables of docs/inputs.json
gains SET          gains over bicubic on one set, there or in docs/inputs_pages.json
file PATH          a file of the repository
"""

import json
import os
import pathlib
import re
import sys

os.environ.setdefault("KERAS_SECN_LAZY", "1")  # the tables need no Keras

from keras_secn import cli, presets  # noqa: E402
from keras_secn.upscaling import catalog  # noqa: E402
from keras_secn.utils.markdown import markdown_table  # noqa: E402

DOCS = pathlib.Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT / "training"))
import inputs_table  # noqa: E402

MARKED = re.compile(r"<!-- ((\w+)(?: (.+?))?) -->\n.*?<!-- end of \1 -->", re.DOTALL)


def filled(text):
    """A page's text with what its markers ask for."""
    return MARKED.sub(_made, text)


def _made(match):
    name, kind, argument = match.groups()
    return f"<!-- {name} -->\n\n{MAKERS[kind](argument).strip()}\n\n<!-- end of {name} -->"


def _options(command):
    """A table of options for each group of a command's parser."""
    parser = cli._parser()._subparsers._group_actions[0].choices[command]
    parts = []
    for group in parser._action_groups:
        rows = [_option(action) for action in group._group_actions if action.dest != "help"]
        if rows:
            title = f"**{group.title.capitalize()}**\n\n"
            parts.append(title + markdown_table(["option", "what it says"], rows))
    return "\n".join(parts)


def _option(action):
    name, value = ", ".join(action.option_strings) or action.metavar, ""
    if action.option_strings and action.nargs != 0:
        choices = f"{{{','.join(action.choices)}}}" if action.choices else None
        value = f" {choices or action.metavar or action.dest.upper()}"
    return [f"`{name}{value}`", action.help]


def _presets(_):
    """A table for each scale."""
    header = ["preset", "parameters", "multiply-adds", "Set5 (dB)", "Set14 (dB)", "for"]
    tables = {}
    for row in catalog.rows():
        psnr = _psnr(row["scores"], ("set5", "set14"))
        cost = presets.preset_card(row["name"]).get("multiply_adds")
        cost = f"{cost / 1e6:.3f} M" if cost else ""
        cells = [f"`{row['name']}`", f"{row['parameters']:,}", cost, *psnr]
        tables.setdefault(row["scale"], []).append([*cells, row["use"] or row["group"]])
    return "\n".join(
        f"**x{scale}**\n\n{markdown_table(header, rows)}" for scale, rows in sorted(tables.items())
    )


def _psnr(scores, folders):
    values = catalog.psnr_by_folder(scores)
    return [f"{values[folder]:.2f}" if folder in values else "" for folder in folders]


def _means(*names):
    texts = [(DOCS / f"{name}.json").read_text(encoding="utf-8") for name in names]
    return [row for text in texts for row in json.loads(text)["means"]]


MAKERS = {
    "command": _options,
    "presets": _presets,
    "inputs": lambda _: inputs_table.to_markdown(_means("inputs")),
    "gains": lambda name: inputs_table.gains(_means("inputs", "inputs_pages"), name),
    "file": lambda path: (ROOT / path).read_text(encoding="utf-8"),
}


if __name__ == "__main__":
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if filled(text) != text:
            page.write_text(filled(text), encoding="utf-8")
            print(f"filled: {page.relative_to(ROOT)}")
