"""The mean of networks: its weights, its run, its refusals."""

import pathlib
import subprocess
import sys

import average
import numpy as np
import pytest
from PIL import Image
from publish import publish

from keras_secn import presets
from keras_secn.models.secn import build_secn
from keras_secn.models.srresnet import build_srresnet
from keras_secn.presets.keras_file import load_checked
from keras_secn.training.recipe import Recipe
from keras_secn.training.trainer import train
from keras_secn.utils.errors import UserError


def scores(model):
    return {"val_psnr": 30.0, "val_ssim": 0.5}


def tiny(**options):
    return build_secn(blocks=1, filters=8, **options)


def test_weights_are_the_mean():
    models = [tiny() for _ in range(3)]
    expected = [
        np.mean(weights, axis=0) for weights in zip(*(m.get_weights() for m in models), strict=True)
    ]
    mean = average.average(iter(models))
    assert mean is models[0]
    for found, wanted in zip(mean.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-7)


def test_shares_weigh_the_networks():
    models = [tiny(), tiny(), tiny()]
    first, second, third = (model.get_weights() for model in models)
    mean = average.average(iter(models), [0, 1, 3])
    for found, a, b in zip(mean.get_weights(), second, third, strict=True):
        np.testing.assert_allclose(found, a / 4 + 3 * b / 4, atol=1e-7)
    assert any(np.abs(a - b).max() > 0.01 for a, b in zip(first, third, strict=True))


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ([1], "2 networks take as many shares, not 1"),
        ([0, 0], "shares are numbers"),
        ([2, -1], "shares are numbers"),
        ([float("nan"), 1], "shares are numbers"),
    ],
)
def test_shares_that_are_no_mean_are_refused(tmp_path, shares, message):
    with pytest.raises(UserError, match=message):
        average.average_run(["secn", "secn"], tmp_path, validate=scores, shares=shares)


def test_only_networks_that_average_are_taken():
    with pytest.raises(UserError, match="other is another network than secn"):
        average.average([tiny(), build_secn(blocks=2, filters=8, name="other")])
    with pytest.raises(UserError, match="srresnet normalizes batches"):
        average.average([build_srresnet(blocks=1, filters=4)])
    with pytest.raises(UserError, match="no network"):
        average.average([])


def test_of_a_checkpoint_the_moving_average_is_taken(build_cache, tmp_path):
    precision = dict(precision="mixed_bfloat16")
    recipe = Recipe(8, 0.1, "constant", 0, batch_size=2, hr_patch=16, interval=8, **precision)
    trained = train(tiny, recipe, build_cache(scale=2), tmp_path / "run")
    assert all(layer.compute_dtype == "float32" for layer in trained.layers)
    checkpoint = str(tmp_path / "run" / "checkpoint.keras")
    # in a process of its own: nothing but the command has imported what the file names
    script = pathlib.Path(__file__).parents[2] / "training" / "average.py"
    trained.save(tmp_path / "trained.keras")
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(tmp_path / "photo.png")

    def run(*networks):
        command = [sys.executable, script, *(f"--network={name}" for name in networks)]
        command += ["--val_dir", tmp_path / "photo.png", "--output_dir", tmp_path / "mean"]
        return subprocess.run(command, capture_output=True, text=True)

    done = run(tmp_path / "trained.keras", checkpoint)
    assert done.returncode == 0, done.stderr
    first, second, mean = (line.split(":")[0] for line in done.stdout.splitlines()[:3])
    assert first == second == mean  # the same network three times, scored in the same precision
    done = run(checkpoint, tmp_path / "trained.keras")
    assert done.returncode and "checkpoint.keras computes in mixed precision" in done.stderr
    assert "Traceback" not in done.stderr
    mean = load_checked(tmp_path / "mean" / "secn" / "model.keras")
    for found, wanted in zip(mean.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)
    raw = load_checked(checkpoint).get_weights()
    assert max(np.abs(a - b).max() for a, b in zip(raw, mean.get_weights(), strict=True)) > 1e-3


def test_a_mean_becomes_a_preset_that_counts_all_steps(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(presets.store, "FOLDER", tmp_path)
    first, second = tiny(), tiny()
    card = {"factory": "build_secn", "arguments": {"blocks": 1, "filters": 8}}
    presets.write_preset(
        "secn", first, card | {"scores": {}, "training": {"steps": 100}}, "float32"
    )
    second.save(tmp_path / "second.keras")
    names = ["secn", str(tmp_path / "second.keras")]
    with pytest.raises(UserError, match="two networks"):
        average.average_run(names[:1], tmp_path / "run", validate=scores)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "initial.json").write_text('{"training": {"steps": 7}}')  # another's
    rows = average.average_run(names, tmp_path / "run", validate=scores, steps=23)
    assert [row["name"] for row in rows] == [*names, "secn"]
    publish(tmp_path / "run", [], [photos], {"data": "noise"})
    training = presets.preset_card("secn")["training"]
    assert training["steps"] == 123 and "preset secn of 100 steps" in training["initial"]
    expected = (first.get_weights()[0] + second.get_weights()[0]) / 2
    stored = load_checked(tmp_path / "run" / "secn" / "model.keras").get_weights()[0]
    np.testing.assert_allclose(stored, expected, atol=1e-7)
    np.testing.assert_allclose(presets.load("secn").get_weights()[0], expected, atol=1e-3)
