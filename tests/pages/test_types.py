"""Type hints: every public name has them, and type checkers see what Python serves."""

import ast
import importlib
import inspect
import pathlib

import pytest

import keras_secn

ROOT = pathlib.Path(keras_secn.__file__).parent
SURFACE = pathlib.Path(__file__).parents[1] / "typed_surface.py"
LAZY = ("keras_secn", "keras_secn.lite", "keras_secn.upscaling")
ANNOTATED = ["keras_secn." + room for room in ("cascade", "metrics", "models", "presets")]
STUBS = sorted(
    ".".join(["keras_secn", *path.parent.relative_to(ROOT).parts])
    for path in ROOT.rglob("__init__.pyi")
)


@pytest.mark.parametrize("package", STUBS)
def test_type_checkers_see_the_names_that_are_loaded_at_first_use(package):
    module = importlib.import_module(package)
    tree = ast.parse(pathlib.Path(module.__file__).with_suffix(".pyi").read_text())
    seen = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            seen |= {alias.asname: alias.name for alias in node.names}
        elif isinstance(node, ast.AnnAssign):
            seen[node.target.id] = node.target.id
    assert sorted(seen) == sorted(dir(module))
    for name, original in seen.items():
        assert name == original
        assert getattr(module, name) is not None


@pytest.mark.parametrize("package", [*LAZY, *ANNOTATED])
def test_public_functions_are_annotated(package):
    module = importlib.import_module(package)
    for name in dir(module):
        value = getattr(module, name)
        if name.startswith("_") or inspect.ismodule(value) or not callable(value):
            continue
        if inspect.isclass(value) and issubclass(value, Exception):
            continue
        if inspect.isclass(value) and issubclass(value, tuple):
            continue  # a NamedTuple's fields have types
        function = value.__init__ if inspect.isclass(value) else value
        signature = inspect.signature(function)
        bare = [
            parameter.name
            for parameter in signature.parameters.values()
            if parameter.annotation is parameter.empty and parameter.name != "self"
        ]
        assert not bare and signature.return_annotation is not signature.empty, name
        # an editor shows every option
        kinds = {parameter.kind for parameter in signature.parameters.values()}
        assert inspect.Parameter.VAR_KEYWORD not in kinds, name


@pytest.mark.parametrize("package", [*LAZY, "keras_secn.models"])
def test_the_type_checker_sees_every_public_name_in_use(package):
    """`make lint` checks the file; here only that nothing public is missing from it."""
    names = {
        node.attr for node in ast.walk(ast.parse(SURFACE.read_text())) if hasattr(node, "attr")
    }
    module = importlib.import_module(package)
    public = {
        name
        for name in dir(module)
        if not name.startswith("_") and not inspect.ismodule(getattr(module, name))
    }
    assert public <= names, sorted(public - names)


def test_the_package_says_that_it_has_hints():
    assert (pathlib.Path(keras_secn.__file__).parent / "py.typed").exists()
