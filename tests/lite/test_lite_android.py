"""The hand-off to Android: a folder that another machine checks itself against."""

import json
import pathlib
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from pictures import noise
from PIL import Image

from keras_secn.models.mobile import build_pocket_secn
from keras_secn.utils.errors import UserError

pytest.importorskip("ai_edge_litert")
if keras.backend.backend() != "tensorflow":
    pytest.skip("export needs the TensorFlow backend", allow_module_level=True)

import reference_pictures as parity

from keras_secn.lite.export import export  # noqa: E402
from keras_secn.lite.interpreter import LiteModel

ANDROID = pathlib.Path(__file__).resolve().parents[2] / "tflite" / "android"


@pytest.fixture(scope="module")
def model():
    model = build_pocket_secn("s", collapsible=False)
    rng = np.random.default_rng(4)
    model.set_weights([w + rng.normal(0, 0.02, w.shape) for w in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def pictures():
    return [noise((100, 100), seed) for seed in range(3)]


@pytest.fixture(scope="module")
def folder(model, pictures, tmp_path_factory):
    folder = tmp_path_factory.mktemp("android")
    export(model, folder / "m.tflite", "int8", representative=pictures, progress=False)
    parity.write(folder / "m.tflite", folder / "parity", pictures)
    return folder


def test_expected_pictures_are_the_files_own_in_tiles(folder):
    facts = json.loads((folder / "parity" / "parity.json").read_text())
    sizes = [Image.open(folder / "parity" / f"{name}.png").size for name in facts["pictures"]]
    assert sizes == [(width, height) for height, width in parity.SIZES]
    differences = parity.check(folder / "parity")
    for row in differences.values():
        assert (row["largest"], row["mean"], row["tolerated"]) == (0, 0, True)
    # nothing looks further than the overlap: tiles are the whole picture
    whole = parity.check(folder / "parity", LiteModel(folder / "m.tflite"))
    assert whole["0"]["largest"] == 0  # the others are smaller than a tile and get a border
    # reference kernels, as another processor may have them
    plain = LiteModel(folder / "m.tflite", tile=facts["tile"], delegate=False)
    for row in parity.check(folder / "parity", plain).values():
        assert row["builtin"] == 0 and row["tolerated"]


def test_a_wrong_picture_is_noticed(folder):
    wrong = parity.check(
        folder / "parity",
        lambda lr: np.clip(lr.repeat(2, axis=0).repeat(2, axis=1) + 1.0, 0, 255).astype(np.uint8),
    )
    assert not any(row["tolerated"] for row in wrong.values())


def test_refusals(model, pictures, folder, tmp_path):
    with pytest.raises(UserError, match="not a parity folder"):
        parity.check(tmp_path)
    path = tmp_path / "fixed.tflite"
    export(model, path, representative=pictures, shape=(32, 32), progress=False)
    with pytest.raises(UserError, match="dynamic size"):
        parity.write(path, tmp_path / "out", pictures)
    assert not (tmp_path / "out").exists()


def test_file_that_the_app_holds(pictures, tmp_path):
    """The file that `tflite/android` names: its own pictures, and those of its own kernels."""
    properties = (ANDROID / "gradle.properties").read_text()
    name = re.search(r"^secn\.model=(.+)$", properties, re.MULTILINE)[1]
    facts = parity.write(ANDROID / name, tmp_path, pictures)
    # int8 kernels differ by roundings alone
    assert facts["tolerance"]["largest"] <= 4 and facts["tolerance"]["mean"] <= 0.25
    plain = LiteModel(ANDROID / name, tile=facts["tile"], delegate=False)
    for check in (None, plain):
        assert all(row["tolerated"] for row in parity.check(tmp_path, check).values())


def test_script_writes_and_checks(folder, photos, tmp_path):
    def run(*arguments):
        command = [sys.executable, ANDROID / "parity.py", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True)

    out = tmp_path / "out"
    done = run(folder / "m.tflite", "--data_dir", photos, "--out", out)
    assert done.returncode == 0, done.stderr
    assert run("--check", out).returncode == 0
    (out / "m.tflite").write_bytes(b"another")
    done = run("--check", out)
    assert done.returncode == 1 and "is not the file" in done.stderr
    assert run(folder / "m.tflite").returncode == 1
