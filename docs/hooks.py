"""What mkdocs does with a page beyond Markdown: parts of other files, and formulas without scripts.

`<!-- from README.md: Heading -->` in a page stands for that section of the file, so that a figure
is written down once; `<!-- from FILE -->` stands for all of it.
"""

import pathlib
import re

from latex2mathml.converter import convert
from mkdocs.exceptions import PluginError

ROOT = pathlib.Path(__file__).resolve().parents[1]
DOCS = "docs/"
PAGES = {  # files of the repository that are pages as well
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "tflite/android/README.md": "android.md",
    "training/RESULTS.md": "results.md",
}


def on_page_markdown(markdown, page, config, files):
    return re.sub(r"^<!-- from ([^:\n]+?)(?:: (.+?))? -->$", _part, markdown, flags=re.MULTILINE)


def on_page_content(html, page, config, files):
    inline = r'<span class="arithmatex">\\\((.*?)\\\)</span>'
    html = re.sub(inline, lambda match: _formula(match, "inline"), html, flags=re.DOTALL)
    block = r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>'
    return re.sub(block, lambda match: _formula(match, "block"), html, flags=re.DOTALL)


def _formula(match, display):
    # browsers draw MathML themselves: no script, no other machine
    return convert(match[1].strip().replace("&amp;", "&"), display=display)


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
