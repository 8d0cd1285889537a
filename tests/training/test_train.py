"""Trainings of the systems: they go on, go further, and become presets."""

import json

import keras
import numpy as np
import pytest
import system_run
from publish import publish
from small_runs import PROBE, recipe, validate

from keras_secn import presets
from keras_secn.data.patches import PatchDataset
from keras_secn.models import registry
from keras_secn.training import batch_statistics
from keras_secn.utils.errors import UserError


@pytest.fixture(scope="module")
def espcn(cache, tmp_path_factory):
    """A trained network, and its run."""
    folder = tmp_path_factory.mktemp("espcn")
    arguments = registry.system("espcn").small
    settings = system_run.SystemSettings("espcn", recipe(), arguments=arguments)
    return system_run.run_system(settings, cache, folder, validate=validate)[0], folder


def test_a_damaged_run_is_not_published(tmp_path):
    (tmp_path / "table.json").write_text("{")
    with pytest.raises(UserError, match="table.json is damaged"):
        publish(tmp_path, [], [], {})


@pytest.mark.parametrize("arguments", [[1], 5, None, {"scale": 3}, {"name": "mine"}])
def test_arguments_that_no_factory_takes_are_refused(arguments):
    with pytest.raises(UserError, match="arguments are values by name"):
        system_run.SystemSettings("secn", recipe(), arguments=arguments)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("vdsr", {}),
        ("drcn", {}),
        ("lapsrn", {}),
        ("srresnet", {"precision": "mixed_bfloat16"}),
    ],
)
def test_systems_train_and_go_on(name, options, cache, tmp_path):
    entry = registry.system(name)
    settings = system_run.SystemSettings(
        name, recipe(**entry.recipe, **options), arguments=entry.small
    )
    model, (row,) = system_run.run_system(settings, cache, tmp_path / "run", validate=validate)
    home = tmp_path / "run" / name
    assert row["steps"] == 2 and row["parameters"] == model.count_params()
    history = json.loads((home / "history.json").read_text())
    assert [r["step"] for r in history] == [1, 2] and all(r["loss"] > 0 for r in history)
    assert json.loads((home.parent / "table.json").read_text())["networks"] == [row]
    fresh = settings.build(name, entry.small)
    moved = [not np.array_equal(a, b) for a, b in zip(fresh.weights, model.weights, strict=True)]
    assert any(moved)
    again, _ = system_run.run_system(settings, cache, tmp_path / "run", validate=validate)
    np.testing.assert_array_equal(model(PROBE), again(PROBE))


def test_batch_norms_are_those_of_the_averaged_weights(cache, tmp_path):
    entry = registry.system("srresnet")
    settings = system_run.SystemSettings(
        "srresnet", recipe(4, interval=2, ema=0.9), arguments=entry.small
    )
    model, _ = system_run.run_system(settings, cache, tmp_path / "run", validate=validate)
    norms = [layer for layer in model.layers if "_norm" in layer.name]
    data = PatchDataset(cache, 2, 16, steps=batch_statistics.BATCHES)
    # the first one's input depends on no other norm
    before = keras.Model(model.input, norms[0].input)
    features = [np.array(before(data[i][0])) for i in range(len(data))]
    mean, variance = (
        np.mean([moment(batch, axis=(0, 1, 2)) for batch in features], axis=0)
        for moment in (np.mean, np.var)
    )
    np.testing.assert_allclose(norms[0].moving_mean, mean, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(norms[0].moving_variance, variance, rtol=1e-3)
    assert {layer.momentum for layer in norms} == {0.99}


def test_a_trained_network_is_trained_further(espcn, cache, tmp_path, capsys):
    first, run = espcn
    path = str(run / "espcn" / "model.keras")
    settings = system_run.SystemSettings(
        "espcn",
        recipe(learning_rate=1e-12),
        arguments=registry.system("espcn").small,
        initial=path,
    )
    further, _ = system_run.run_system(settings, cache, tmp_path / "further", validate=validate)
    np.testing.assert_allclose(further(PROBE), first(PROBE), atol=1e-3)
    score = validate(first)["val_psnr"]
    assert f"espcn starts at {score:.2f} dB\n" in capsys.readouterr().err
    settings = system_run.SystemSettings("fsrcnn", recipe(), initial=path)
    with pytest.raises(UserError, match="espcn is another network"):
        system_run.run_system(settings, cache, tmp_path / "other", validate=validate)


def test_a_system_becomes_a_preset(espcn, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(presets.store, "FOLDER", tmp_path)
    model, run = espcn
    publish(run, [], [photos], {"data": "noise", "command": "train.py"})
    card = presets.preset_card("espcn")
    assert card["factory"] == "build_espcn" and card["training"]["steps"] == 2
    np.testing.assert_allclose(presets.load("espcn")(PROBE), model(PROBE), atol=0.5)
