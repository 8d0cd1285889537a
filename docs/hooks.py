"""What mkdocs does with a page beyond Markdown: links out of docs/, and formulas without scripts.

`This page is [NAME](../FILE).` stands for that file of the repository. Other links to such files
lead to their pages; a link to what is no page becomes its name.
"""

import pathlib
import posixpath
import re

from latex2mathml.converter import convert

ROOT = pathlib.Path(__file__).resolve().parents[1]
DOCS = "docs/"
PAGES = {  # files of the repository that are pages as well
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "tflite/android/README.md": "android.md",
    "training/RESULTS.md": "tried.md",
}
WHOLE = re.compile(r"^This page is \[[^\]]*\]\(\.\./([^)]+)\)\.$", re.MULTILINE)


def on_page_markdown(markdown, page, config, files):
    return _links(WHOLE.sub(_file, markdown), "docs")


def on_page_content(html, page, config, files):
    inline = r'<span class="arithmatex">\\\((.*?)\\\)</span>'
    html = re.sub(inline, lambda match: _formula(match, "inline"), html, flags=re.DOTALL)
    block = r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>'
    return re.sub(block, lambda match: _formula(match, "block"), html, flags=re.DOTALL)


def _formula(match, display):
    # browsers draw MathML themselves: no script, no other machine
    return convert(match[1].strip().replace("&amp;", "&"), display=display)


def _file(match):
    return _links((ROOT / match[1]).read_text(encoding="utf-8"), posixpath.dirname(match[1]))


def _links(text, folder):
    """A text with links that hold from docs/, which those of its own folder need not."""
    return re.sub(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", lambda link: _link(link, folder), text)


def _link(match, folder):
    image, text, target = match.groups()
    path, _, anchor = target.partition("#")
    if not path or re.match(r"[a-z]+:", target):
        return match[0]
    inside = posixpath.normpath(posixpath.join(folder, path))
    # what is no page is named: there is no address that holds in every copy of the repository
    page = inside[len(DOCS) :] if inside.startswith(DOCS) else PAGES.get(inside)
    if page is None:
        return f"{text} (`{inside}`)" if text != inside else f"`{inside}`"
    return f"{image}[{text}]({page}{'#' * bool(anchor)}{anchor})"
