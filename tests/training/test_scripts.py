"""Scripts as users run them: help, flags that are refused in one line, train.py, evaluate.py."""

import os
import pathlib
import re
import subprocess
import sys

import commands
import comparison
import pytest
from absl import flags
from scripts import script

from keras_secn.models import registry
from keras_secn.utils.errors import UserError

TRAINING = pathlib.Path(__file__).parents[2] / "training"


def test_a_scale_below_2_is_refused_by_its_flag(tmp_path):
    with pytest.raises(flags.IllegalFlagValueError, match="scale=0"):
        script("training/pocket.py", scale=0, output_dir=tmp_path)


def run(name, *arguments):
    arguments = [str(argument) for argument in arguments]
    command = [sys.executable, TRAINING / name, *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_train_py_as_a_user_runs_it(photos, tmp_path):
    done = run(
        *("train.py", "--model", "espcn", "--steps", 2, "--interval", 1, "--batch_size", 2),
        *("--hr_patch", 16, "--data_dir", photos, "--precision", "float32"),
        *("--output_dir", tmp_path / "run", "--cache_dir", tmp_path / "cache"),
    )
    assert done.returncode == 0, done.stderr
    assert "|  | espcn |" in done.stdout
    assert "precision: float32" in done.stderr
    assert "no --val_dir: scores are of the samples" in done.stderr
    candidates, _ = comparison.load_candidates([str(tmp_path / "run" / "espcn" / "model.keras")])
    assert candidates[0].parameters == 21_284


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"model": "vgg"}, "unknown system 'vgg'"),
        ({"model": "vdsr", "arguments": "{"}, "not JSON"),
        ({"model": "aplus", "teacher": "secn"}, "--teacher does nothing for aplus"),
        ({"model": "aplus", "strategy": "auto"}, "--strategy does nothing for aplus"),
        ({"model": "vdsr", "start": "random"}, "--start does nothing for vdsr"),
        ({"model": "vdsr", "teacher_share": 0.5}, "--teacher_share needs a --teacher"),
    ],
)
def test_train_py_refuses(arguments, words, photos):
    with pytest.raises(UserError, match=words):
        script("training/train.py", **arguments, data_dir=photos, val_dir=photos)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--model is required"),
        (("--model", "vdsr", "--steps", "many"), "--steps"),
        (("--steps", "many"), "--steps=many"),  # and not that --model is missing
        (("--model", "vdsr", "--stepps", 3), "stepps"),
        (("--model", "aplus", "--teacher", "secn"), "--teacher does nothing for aplus"),
    ],
)
def test_train_py_refuses_in_one_line(arguments, words, photos):
    done = run("train.py", *arguments, "--data_dir", photos, "--val_dir", photos)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error:") and words in done.stderr


SCRIPTS = sorted(
    path
    for folder in ("training", "benchmarks", "tflite")
    for path in (TRAINING.parent / folder).glob("*.py")
    if "run_app(main" in path.read_text()
)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_help_tells_all_flags_and_waits_for_no_backend(path):
    """Keras takes seconds to load; whoever asks for help has not decided to run anything."""
    done = subprocess.run(
        [sys.executable, path, "--help"],
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "none"},  # loading Keras would fail
    )
    assert done.returncode == 0, done.stderr
    told = set(re.findall(r"^  --(?:\[no\])?(\w+)", done.stdout, re.MULTILINE))
    own = set(re.findall(r'DEFINE_\w+\(\s*"(\w+)"', path.read_text()))
    name = f"{path.parent.name}/{path.name}"
    assert own <= told <= commands.known_flags(name)
    assert f"python {name}" in done.stdout
    sections = re.findall(r"^([A-Z][a-z ]+):$", done.stdout, re.MULTILINE)
    assert "Required" not in sections or sections[0] == "Required"
    if name == "training/train.py":
        (models,) = re.findall(r"One of ([^.]+)\.", done.stdout)
        assert {name.strip() for name in models.split(",")} == set(registry.SYSTEMS)


def test_networks_with_layers_of_their_own_are_evaluated_in_a_fresh_process(photos, tmp_path):
    """Their layers must be known although nothing built one there."""
    for name in ("drcn", "aplus"):
        entry = registry.system(name)
        entry.build(**entry.small).save(tmp_path / f"{name}.keras")
    models = ",".join(str(tmp_path / f"{name}.keras") for name in ("drcn", "aplus"))
    done = run("evaluate.py", "--model", models, "--data_dir", photos)
    assert done.returncode == 0, done.stderr
    assert "| drcn | aplus |" in done.stdout


@pytest.mark.parametrize(
    "flag",
    ["video.py --sizes=640x360,", "browser.py --size=", "upscale.py --sizes="],
)
@pytest.mark.parametrize("size", ["foo", "640", "640x", "0x360", "640x360x3", "-2x3"])
def test_benchmarks_refuse_a_size_in_one_line(monkeypatch, flag, size):
    name, options = f"benchmarks/{flag}{size}".split(" ")
    monkeypatch.syspath_prepend(TRAINING.parent / "benchmarks")
    option, value = options.removeprefix("--").split("=")
    with pytest.raises(UserError, match="a size is WxH, for example 640x360"):
        script(name, **{option: value})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("host_time", {"networks": "1,many"}),
        ("host_time", {"at_once": "-1"}),
        ("host_time", {"degradations": "rain"}),
        ("train_step", {"networks": "secn"}),
    ],
)
def test_benchmarks_refuse_values_that_are_none_in_one_line(monkeypatch, name, options):
    monkeypatch.syspath_prepend(TRAINING.parent / "benchmarks")
    with pytest.raises(UserError, match="are whole numbers, not|unknown degradation 'rain'"):
        script(f"benchmarks/{name}.py", **options)
