"""The mean of networks: its weights, its run, its refusals."""

import numpy as np
import pytest

from keras_secn import averaging, presets
from keras_secn.errors import UserError
from keras_secn.loading import load_checked
from keras_secn.models import build_secn, build_srresnet
from keras_secn.publishing import publish


def scores(model):
    return {"val_psnr": 30.0, "val_ssim": 0.5}


def tiny(**options):
    return build_secn(blocks=1, filters=8, **options)


def test_weights_are_the_mean():
    models = [tiny() for _ in range(3)]
    expected = [
        np.mean(weights, axis=0) for weights in zip(*(m.get_weights() for m in models), strict=True)
    ]
    mean = averaging.average(iter(models))
    assert mean is models[0]
    for found, wanted in zip(mean.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-7)


def test_only_networks_that_average_are_taken():
    with pytest.raises(UserError, match="other is another network than secn"):
        averaging.average([tiny(), build_secn(blocks=2, filters=8, name="other")])
    with pytest.raises(UserError, match="srresnet normalises batches"):
        averaging.average([build_srresnet(blocks=1, filters=4)])
    with pytest.raises(UserError, match="no network"):
        averaging.average([])


def test_a_mean_becomes_a_preset_that_counts_all_steps(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(presets, "FOLDER", tmp_path)
    first, second = tiny(), tiny()
    card = {"factory": "build_secn", "arguments": {"blocks": 1, "filters": 8}}
    presets.write_preset(
        "secn", first, card | {"scores": {}, "training": {"steps": 100}}, "float32"
    )
    second.save(tmp_path / "second.keras")
    names = ["secn", str(tmp_path / "second.keras")]
    with pytest.raises(UserError, match="two networks"):
        averaging.average_run(names[:1], tmp_path / "run", validate=scores)
    rows = averaging.average_run(names, tmp_path / "run", validate=scores, steps=23)
    assert [row["name"] for row in rows] == [*names, "secn"]
    publish(tmp_path / "run", [], [photos], {"data": "noise"})
    training = presets.preset_card("secn")["training"]
    assert training["steps"] == 123 and "preset secn of 100 steps" in training["initial"]
    expected = (first.get_weights()[0] + second.get_weights()[0]) / 2
    stored = load_checked(tmp_path / "run" / "secn" / "model.keras").get_weights()[0]
    np.testing.assert_allclose(stored, expected, atol=1e-7)
    np.testing.assert_allclose(presets.load("secn").get_weights()[0], expected, atol=1e-3)
