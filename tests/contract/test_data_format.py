"""Channels come last whatever keras.json says: every call says so."""

import ast
import inspect
import pathlib

import keras

import keras_secn

ROOT = pathlib.Path(keras_secn.__file__).parent
# as the library calls them; `kinds` are the layers of tf_keras
MODULES = ("keras.layers", "kinds", "tf_keras.layers", "keras.ops", "ops", "ops.image")


def names_with_data_format(module):
    found = set()
    for name, value in vars(module).items():
        if callable(value):
            function = value.__init__ if inspect.isclass(value) else value
            if "data_format" in inspect.signature(function).parameters:
                found.add(name)
    return found


def test_every_call_says_that_channels_come_last():
    names = names_with_data_format(keras.layers) | names_with_data_format(keras.ops)
    names |= names_with_data_format(keras.ops.image)
    assert {"Conv2D", "Flatten", "GlobalAveragePooling2D", "conv", "depth_to_space"} <= names
    calls, silent = 0, []
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr not in names or ast.unparse(node.func.value) not in MODULES:
                continue
            calls += 1
            # None: `**options`, which hold it
            said = {keyword.arg for keyword in node.keywords} & {"data_format", None}
            if not said and "LAST" not in map(ast.unparse, node.args):
                silent.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert calls > 10
    assert not silent
