"""What mkdocs does with a page beyond Markdown: parts of other files, and formulas without scripts.

`<!-- from README.md: Heading -->` in a page stands for that section of the file, so that a figure
is written down once; `<!-- from FILE -->` stands for all of it. `<!-- command upscale -->` stands
for the options of `keras-secn upscale`, `<!-- presets -->` for the table of trained weights, made
from the cards. `<!-- inputs -->` stands for the tables of docs/inputs.json, `<!-- gains SET -->`
for the gains of one set there or in docs/inputs_pages.json.
"""

import json
import os
import pathlib
import re
import sys

from latex2mathml.converter import convert
from mkdocs.exceptions import PluginError

os.environ.setdefault("KERAS_SECN_LAZY", "1")  # the tables need no Keras

from keras_secn import cli, presets  # noqa: E402
from keras_secn.upscaling import catalog  # noqa: E402
from keras_secn.utils.markdown import markdown_table  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "training"))
import inputs_table  # noqa: E402

DOCS = "docs/"
NOT_MEASURED = "*Not measured yet: `make inputs`.*"
PAGES = {  # files of the repository that are pages as well
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "tflite/android/README.md": "android.md",
    "training/RESULTS.md": "tried.md",
}


def on_page_markdown(markdown, page, config, files):
    markdown = re.sub(r"^<!-- command (\w+) -->$", _options, markdown, flags=re.MULTILINE)
    markdown = markdown.replace("<!-- presets -->", _presets())
    markdown = markdown.replace("<!-- inputs -->", _tables())
    markdown = re.sub(r"<!-- gains (.+?) -->", _gains, markdown)
    return re.sub(r"^<!-- from ([^:\n]+?)(?:: (.+?))? -->$", _part, markdown, flags=re.MULTILINE)


def on_page_content(html, page, config, files):
    inline = r'<span class="arithmatex">\\\((.*?)\\\)</span>'
    html = re.sub(inline, lambda match: _formula(match, "inline"), html, flags=re.DOTALL)
    block = r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>'
    return re.sub(block, lambda match: _formula(match, "block"), html, flags=re.DOTALL)


def _formula(match, display):
    # browsers draw MathML themselves: no script, no other machine
    return convert(match[1].strip().replace("&amp;", "&"), display=display)


def _options(match):
    """A table of options for each group of a command's parser."""
    parser = cli._parser()._subparsers._group_actions[0].choices[match[1]]
    parts = []
    for group in parser._action_groups:
        rows = [_option(action) for action in group._group_actions if action.dest != "help"]
        if rows:
            title = f"**{group.title.capitalize()}**\n\n"
            parts.append(title + markdown_table(["option", "what it says"], rows))
    return "\n\n".join(parts)


def _option(action):
    name, value = ", ".join(action.option_strings) or action.metavar, ""
    if action.option_strings and action.nargs != 0:
        choices = f"{{{','.join(action.choices)}}}" if action.choices else None
        value = f" {choices or action.metavar or action.dest.upper()}"
    return [f"`{name}{value}`", action.help]


def _presets():
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


def _inputs(*names):
    files = [ROOT / "docs" / f"{name}.json" for name in names]
    texts = [file.read_text(encoding="utf-8") for file in files if file.is_file()]
    return [row for text in texts for row in json.loads(text)["means"]]


def _tables():
    return inputs_table.to_markdown(_inputs("inputs")) or NOT_MEASURED


def _gains(match):
    return inputs_table.gains(_inputs("inputs", "inputs_pages"), match[1]) or NOT_MEASURED


def _psnr(scores, folders):
    values = catalog.psnr_by_folder(scores)
    return [f"{values[folder]:.2f}" if folder in values else "" for folder in folders]


def _part(match):
    path, heading = match.groups()
    text = (ROOT / path).read_text(encoding="utf-8")
    if heading:
        found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
        if not found:
            raise PluginError(f"{path} has no section {heading!r}: name the new one in docs/")
        text = found[1].strip()
    folder = pathlib.PurePosixPath(path).parent
    return re.sub(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", lambda link: _link(link, folder), text)


def _link(match, folder):
    image, text, target = match.groups()
    if re.match(r"[a-z]+:|#", target):
        return match[0]
    path, _, anchor = target.partition("#")
    parts = []
    for part in (folder / path).parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    inside = "/".join(parts)
    # what is no page is named: there is no address that holds in every copy of the repository
    page = inside[len(DOCS) :] if inside.startswith(DOCS) else PAGES.get(inside)
    if page is None:
        return f"{text} (`{inside}`)" if text != inside else f"`{inside}`"
    return f"{image}[{text}]({page}{'#' * bool(anchor)}{anchor})"
