"""The package as a program imports it: what is registered, what is loaded, what is missing."""

import importlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from pictures import noise
from PIL import Image

import keras_secn

ROOT = pathlib.Path(__file__).parents[1]
LITE = ROOT / "keras_secn" / "presets" / "weights" / "pocket_secn_s.tflite"


def python(*words, cwd=None, **environment):
    """A process without the suite's own setting."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    if "KERAS_SECN_LAZY" not in environment:
        variables.pop("KERAS_SECN_LAZY", None)
    return subprocess.run(
        [sys.executable, *map(str, words)], capture_output=True, text=True, env=variables, cwd=cwd
    )


PROGRAM = """
import sys
{imports}
model = keras.saving.load_model(sys.argv[1])
print(keras_secn.scale_of(model), [type(metric).__name__ for metric in model.metrics])
keras_secn.losses.PictureLoss("charbonnier"), keras_secn.metrics.PSNR, keras_secn.UserError
"""


@pytest.mark.parametrize(
    "imports",
    [
        "import keras_secn\nimport keras",
        "import keras\nimport keras_secn",
        "import os\nos.environ['KERAS_SECN_LAZY'] = '1'\nimport keras, keras_secn",
    ],
    ids=["first", "last", "lazy"],
)
def test_keras_loads_our_networks_in_a_users_program(imports, tmp_path):
    pytest.importorskip("keras")
    model = keras_secn.models.build_drcn(recursions=2, filters=4)
    model.compile("adam", keras_secn.losses.PictureLoss(), metrics=[keras_secn.metrics.PSNR(3)])
    model.train_on_batch(noise((8, 8), 0)[None], noise((16, 16), 1)[None])
    model.save(tmp_path / "model.keras")
    done = python("-c", PROGRAM.format(imports=imports), tmp_path / "model.keras")
    assert done.stdout.strip() == "2 ['Mean', 'CompileMetrics']", done.stderr


COMMAND = """
import sys
from keras_secn.cli import main
if __name__ == "__main__":
    main(["info", sys.argv[1]])
    print("loaded:", sorted({"keras", "tensorflow", "jax", "torch"} & set(sys.modules)))
"""


@pytest.mark.parametrize("name", ["keras-secn", "keras-secn.exe"])
def test_the_installed_command_does_without_keras(name, tmp_path):
    script = tmp_path / name
    script.write_text(COMMAND)
    done = python(script, LITE)
    assert done.stdout.splitlines()[-1] == "loaded: []", done.stderr


@pytest.mark.parametrize(
    ("command", "loaded"),
    [
        (["-m", "keras_secn.cli", "info", LITE], "ai_edge_litert.interpreter"),
        ([ROOT / "training" / "train.py", "--help"], "keras_secn.training.app"),
        ([ROOT / "tflite" / "convert.py", "--help"], "keras_secn.training.app"),
    ],
    ids=["module", "train", "convert"],
)
def test_our_programs_start_without_keras(command, loaded):
    done = python("-X", "importtime", *command)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert loaded in imported
    assert not {"keras", "tensorflow", "jax"} & imported


def test_a_program_may_ask_for_names_at_first_use():
    code = "import sys, keras_secn; keras_secn.list_presets(); print('keras' in sys.modules)"
    assert python("-c", code, KERAS_SECN_LAZY="1").stdout.strip() == "False"


MISSING = """
import sys
sys.modules["torch"] = None
import keras_secn
print(len(keras_secn.list_presets()) > 3)
try:
    keras_secn.{call}
except ImportError as error:
    print(isinstance(error, keras_secn.UserError), error)
"""


@pytest.mark.parametrize("call", ["build_secn()", "load('secn')", "load('a.keras')"])
@pytest.mark.parametrize(
    ("backend", "words"), [("torch", "'torch', which is not installed"), ("theano", "'theano'")]
)
def test_python_says_which_backend_is_missing(backend, words, call, tmp_path):
    (tmp_path / "a.keras").touch()
    done = python("-c", MISSING.format(call=call), cwd=tmp_path, KERAS_BACKEND=backend)
    first, second = done.stdout.splitlines()
    assert first == "True" and second.startswith("True ") and words in second


def test_keras_json_may_name_the_missing_backend(tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "torch"}))
    variables = {"KERAS_BACKEND": "", "KERAS_HOME": str(tmp_path)}
    done = python("-c", MISSING.format(call="build_secn()"), **variables)
    assert "'torch', which is not installed" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "keras_secn.cli", "upscale", "a.png", "--preset", "espcn", "--engine", "keras"],
        ["-m", "keras_secn.cli", "export", "espcn", "-o", "a.tflite"],
        [ROOT / "training" / "train.py", "--model=espcn", "--data_dir=.", "--val_dir=."],
        [ROOT / "training" / "evaluate.py", "--model=espcn", "--data_dir=."],
    ],
    ids=["upscale", "export", "train", "evaluate"],
)
def test_commands_say_in_one_line_which_backend_is_missing(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(noise((32, 32), 0)).save("a.png")
    done = python(*command, KERAS_BACKEND="theano")
    assert done.returncode == 1, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ") and "theano" in line


def test_a_mistyped_preset_is_guessed():
    with pytest.raises(keras_secn.UserError, match="did you mean 'ct_secn_16'"):
        keras_secn.load("ct_secn16")
    with pytest.raises(keras_secn.UserError, match="known are .*secn"):
        keras_secn.preset_card("zebra")


def test_help_lists_the_public_names():
    import pydoc

    page = pydoc.plain(pydoc.render_doc(keras_secn))
    missing = [name for name in keras_secn.__all__ if name not in page]
    assert not missing


def test_one_version():
    done = python("setup.py", "--version", cwd=ROOT, KERAS_SECN_LAZY="1")
    if "No module named 'setuptools'" in done.stderr:
        pytest.skip("setuptools is not installed")
    assert done.stdout.split()[-1] == keras_secn.__version__


EVERY_MODULE = """
import builtins, importlib, pkgutil
POSIX = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
original = builtins.__import__

def checked(name, globals=None, *rest, **named):
    if name in POSIX and (globals or {}).get("__name__", "").startswith("keras_secn"):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return original(name, globals, *rest, **named)

builtins.__import__ = checked
import keras_secn
names = [module.name for module in pkgutil.walk_packages(keras_secn.__path__, "keras_secn.")]
for name in names:
    importlib.import_module(name)
print(len(names) > 100)
"""


def test_no_module_needs_a_system_with_posix_modules():
    done = python("-c", EVERY_MODULE)
    assert done.stdout.strip() == "True", done.stderr[-2000:]


@pytest.mark.parametrize("script", ["training/train.py", "tflite/android/measure.py"])
def test_scripts_of_a_clone_wait_for_no_keras_where_the_package_is_installed(tmp_path, script):
    """As after `pip install .`, where the package lies elsewhere than the scripts."""
    left_out = shutil.ignore_patterns("weights", "samples", "__pycache__")
    shutil.copytree(ROOT / "keras_secn", tmp_path / "site" / "keras_secn", ignore=left_out)
    code = "import sys; sys.argv = sys.argv[1:]; import keras_secn; print('keras' in sys.modules)"
    for path, expected in [(ROOT / script, "False"), (tmp_path / script, "True")]:
        done = python("-c", code, path, cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
        assert done.stdout.strip() == expected, done.stderr


UNKNOWN = {
    "penalty": lambda: keras_secn.losses.PictureLoss("huber"),
    "luminance_share": lambda: keras_secn.losses.PictureLoss(luminance_share=1.5),
    "shrink": lambda: keras_secn.losses.PictureLoss(shrink=0),
    "loss": lambda: keras_secn.training.Recipe(steps=1, loss="huber"),
    "schedule": lambda: keras_secn.training.Recipe(steps=1, schedule="linear"),
    "precision": lambda: keras_secn.training.Recipe(steps=1, precision="float16"),
    "degradation": lambda: keras_secn.training.Recipe(steps=1, degradation="jpeg"),
    "start": lambda: importlib.import_module("system_run").SystemSettings(
        "edsr", None, start="zeros"
    ),
    "initializer": lambda: keras_secn.cascade.CascadeReplacement(None, "zeros"),
    "order": lambda: keras_secn.cascade.CascadePlan(order="random"),
    "block kind": lambda: keras_secn.build_network(["dense"]),
    "size": lambda: keras_secn.models.build_pocket_secn("xl"),
    "dataset": lambda: keras_secn.data.open_photographs([], "flickr2k"),
    "engine": lambda: keras_secn.Upscaler(engine="onnx"),
    "preset": lambda: keras_secn.load("no_such_network"),
    "'4' times": lambda: keras_secn.load("ct_secn_16", scale="4"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_choice_is_refused_by_its_name(name):
    """At once, not hours later in the first step of a training."""
    with pytest.raises(keras_secn.UserError, match=name):
        UNKNOWN[name]()


def test_an_unknown_choice_is_told_what_there_is():
    with pytest.raises(ValueError, match="'huber'; known are l1, l2, charbonnier"):
        keras_secn.losses.PictureLoss("huber")
    with pytest.raises(ValueError, match=r"such as DEGRADATIONS\['none'\].*not 'jpeg'"):
        keras_secn.training.Recipe(steps=1, degradation="jpeg")
