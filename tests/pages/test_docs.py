"""The pages: they build without a warning, name all that is public, and their examples run."""

import importlib
import inspect
import os
import pathlib
import re
import subprocess
import sys

import commands
import pytest

pytest.importorskip("mkdocs")
pytest.importorskip("mkdocstrings_handlers.python")
pytest.importorskip("material")
pytest.importorskip("latex2mathml")

import fill  # noqa: E402
import hooks  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = [
    *sorted((ROOT / "docs").glob("**/*.md")),
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "tflite" / "android" / "README.md",
    ROOT / "training" / "RESULTS.md",
]
# `scale, blocks, name: see ...` in a docstring's arguments
DOCUMENTED = re.compile(r"^    (\*{0,2}\w+(?:, \*{0,2}\w+)*): ", re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The pages, built as `make docs` builds them."""
    folder = tmp_path_factory.mktemp("site")
    result = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return folder


def public_names(package):
    """(name, value) of all that a package serves, modules left out."""
    module = importlib.import_module(package)
    for name in dir(module):
        value = getattr(module, name)
        if not name.startswith("_") and not inspect.ismodule(value):
            yield name, value


def test_every_public_name_is_in_the_reference(site):
    html = "".join(path.read_text() for path in (site / "api").glob("**/index.html"))
    identifiers = set(re.findall(r'id="(keras_secn[\w.]*)"', html))
    packages = ("keras_secn", "keras_secn.models", "keras_secn.lite", "keras_secn.upscaling")
    for package in packages:
        for name, value in public_names(package):
            # a name of several packages stands under the shortest
            places = {f"keras_secn.{name}", f"{package}.{name}"}
            places.add(f"{value.__module__}.{value.__qualname__}")
            assert places & identifiers, f"{package}.{name} is on no page of docs/api"
    for name in dir(importlib.import_module("keras_secn")):
        value = getattr(importlib.import_module("keras_secn"), name)
        if inspect.ismodule(value):
            assert any(i.startswith(value.__name__) for i in identifiers), name


def test_pages_ask_no_other_machine_for_anything(site):
    for path in site.glob("**/*.html"):
        loaded = re.findall(
            r'<(?:script|img|link)[^>]*(?:src|href)="(https?://[^"]*)"', path.read_text()
        )
        assert not loaded, path


def test_formulas_are_drawn_by_the_browser_itself(site):
    html = (site / "scaling" / "index.html").read_text()
    assert 'display="block"' in html and "arithmatex" not in html


def test_files_of_the_repository_are_pages(site):
    for file, name in hooks.PAGES.items():
        first = re.search(r"^# (.*)", (ROOT / file).read_text(), re.MULTILINE)[1]
        folder = site if name == "index.md" else site / name.removesuffix(".md")
        assert f">{first}<" in (folder / "index.html").read_text().replace("&para;", ""), file


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_pages_are_whole_without_the_site(path):
    text = path.read_text(encoding="utf-8")
    assert fill.filled(text) == text, "run make pages"
    assert not re.search(r"\]\[[\w.]", text), "a link that only the site can follow"
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize(
    "package", ["keras_secn", "keras_secn.models", "keras_secn.lite", "keras_secn.upscaling"]
)
def test_documented_arguments_are_those_of_the_signature(package):
    for name, value in public_names(package):
        text = inspect.getdoc(value) or ""
        section = re.search(r"^Args:\n((?:    .*\n?|\n)*)", text, re.MULTILINE)
        if not section:
            continue
        function = value.__init__ if inspect.isclass(value) else value
        known = set(inspect.signature(function).parameters)
        for names in DOCUMENTED.findall(section[1]):
            documented = {part.lstrip("*") for part in names.split(", ")}
            assert documented <= known, f"{package}.{name}: {documented - known}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_flags_in_the_pages_exist(path):
    text = path.read_text()
    told = [*commands.commands(text), *commands.inline_commands(text)]
    for command in told:
        if "python" in command or command[0] == "keras-secn":
            name, arguments = commands.program(command)
            unknown = commands.flags(arguments) - commands.known_flags(name)
            assert not unknown, f"{path.name}: {name} has no --{', --'.join(unknown)}"


def test_files_that_the_pages_name_exist():
    for path in SOURCES:
        for name in re.findall(
            r"\b(?:keras_secn|training|tflite|tests|docs)/[a-z0-9_/]+\.(?:py|md)", path.read_text()
        ):
            assert (ROOT / name).exists(), f"{path.name} names {name}"


def test_examples_of_a_new_block_run():
    from keras_secn.layers import BLOCKS

    known = set(BLOCKS)
    names = {}
    try:
        text = (ROOT / "docs" / "adding_a_model.md").read_text()
        for code in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            exec(code, names)
        assert names["replaced"] == [14, 15]
        assert names["model"].count_params() < names["secn"].count_params()
    finally:
        for kind in set(BLOCKS) - known:
            del BLOCKS[kind]
