"""The Keras metric gives what the protocol gives."""

import keras
import numpy as np
import pytest
from pictures import noise

from keras_secn.metrics import PSNR, psnr_y, to_uint8
from keras_secn.training.losses import PictureLoss


def pair(seed, strength):
    rng = np.random.default_rng(seed)
    hr = np.stack([noise((40, 36), 3 * seed + index) for index in range(3)])
    sr = hr + rng.normal(0, strength, hr.shape)  # beyond 0..255 as well, and not whole
    return hr.astype("float32"), sr.astype("float32")


@pytest.mark.parametrize("shave", [0, 2, 5])
@pytest.mark.parametrize("strength", [0.6, 20.0])
def test_equals_the_protocol(shave, strength):
    metric = PSNR(shave=shave)
    expected = []
    for seed in (0, 1):
        hr, sr = pair(seed, strength)
        metric.update_state(hr, sr)
        expected += [psnr_y(a, to_uint8(b), shave) for a, b in zip(hr, sr, strict=True)]
    assert float(metric.result()) == pytest.approx(np.mean(expected), abs=1e-3)
    metric.reset_state()
    assert float(metric.result()) == 0


def test_equal_pictures_have_no_bound():
    metric = PSNR()
    hr, _ = pair(0, 0)
    metric.update_state(hr, hr + 0.4)
    assert float(metric.result()) == float("inf")


def test_weights_of_pictures():
    hr, sr = pair(0, 5.0)
    metric = PSNR()
    metric.update_state(hr, sr, sample_weight=np.array([0.0, 2.0, 0.0]))
    assert float(metric.result()) == pytest.approx(psnr_y(hr[1], to_uint8(sr[1]), 2), abs=1e-3)


def test_saved_with_the_model_that_is_compiled_with_it(tmp_path):
    hr, sr = pair(0, 5.0)
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Activation("linear")])
    model.compile("sgd", PictureLoss(), metrics=[PSNR(shave=4, name="quality")])
    before = model.evaluate(sr, hr, verbose=0, return_dict=True)
    assert before["quality"] == pytest.approx(
        np.mean([psnr_y(a, to_uint8(b), 4) for a, b in zip(hr, sr, strict=True)]), abs=1e-3
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.evaluate(sr, hr, verbose=0, return_dict=True) == before
