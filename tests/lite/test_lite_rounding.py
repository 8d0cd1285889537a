"""What int8 rests on: rounding that keeps a kernel's gain, and grids that leave out rare peaks."""

import re

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import noise

from keras_secn.lite.quantize import equalize
from keras_secn.lite.quantize.calibrate import Sampler, best_range
from keras_secn.lite.quantize.gptq import _moments, round_kernels, rounded
from keras_secn.models.mobile import build_pocket_secn
from keras_secn.models.secn import build_ct_secn

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="export needs the TensorFlow backend"
)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 5), st.floats(0, 30))
@settings(max_examples=40, deadline=None)
def test_rounding_stays_on_the_grid_and_keeps_what_sets_it(seed, d, o, mean):
    rng = np.random.default_rng(seed)
    weights, inputs = rng.normal(size=(d, o)), rng.normal(mean, 1, (300, d))
    result = rounded(weights, inputs.T @ inputs + 1e-3 * np.eye(d))
    step = np.abs(weights).max(axis=0) / 127
    np.testing.assert_allclose(result / step, np.round(result / step), atol=1e-3)
    np.testing.assert_allclose(np.abs(result).max(axis=0), 127 * step, rtol=1e-5)


def test_where_the_mean_dominates_the_nearest_is_far_from_the_best():
    rng = np.random.default_rng(0)
    weights, inputs = rng.normal(size=(40, 64)), rng.normal(10, 1, (500, 40))
    step = np.abs(weights).max(axis=0) / 127

    def error(matrix):
        return np.mean((inputs @ (matrix - weights)) ** 2)

    ours = error(rounded(weights, inputs.T @ inputs))
    assert ours < 0.1 * error(np.round(weights / step) * step)


def test_features_far_from_zero_can_be_rounded():
    """In single precision the mean's square left nothing of so small a variance."""
    rng = np.random.default_rng(0)
    # of single precision, as networks give them
    seen = [2 * [rng.normal(300, 0.01, (1000, 200)).astype(np.float32)] for _ in range(20)]
    means, moment, product = _moments(seen, np.eye(200))
    assert np.linalg.eigvalsh(moment).min() > 0
    np.testing.assert_allclose(np.diag(moment) / 20_000, 1e-4, rtol=0.1)
    np.testing.assert_allclose(means, 300, atol=1e-3)
    np.testing.assert_allclose(product, moment, atol=1e-3)


def test_a_column_of_zeros_is_left_alone():
    assert not rounded(np.zeros((4, 2)), np.eye(4)).any()


def test_rounded_kernels_give_nearly_the_same_picture_and_make_up_for_each_other():
    rng = np.random.default_rng(0)
    model = build_pocket_secn("s", collapsible=False)
    model.set_weights([w + rng.normal(0, 0.05, w.shape) for w in model.get_weights()])
    pictures = [noise((48, 48), seed) for seed in range(6)]

    def difference(other, picture):
        x = picture[None].astype("float32")
        return np.mean((other.predict_on_batch(x) - model.predict_on_batch(x)) ** 2)

    nearest, ours = equalize.copy(model), equalize.copy(model)
    for layer in nearest.layers:
        if isinstance(layer, keras.layers.Conv2D):
            kernel, bias = layer.get_weights()
            step = np.abs(kernel).max(axis=(0, 1, 2)) / 127
            layer.set_weights([np.round(kernel / step) * step, bias])
    round_kernels(ours, model, pictures)
    unseen = noise((48, 48), 99)
    assert difference(ours, unseen) < difference(nearest, unseen)


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=50))
@settings(max_examples=60, deadline=None)
def test_a_range_lies_within_the_extremes_around_zero(values):
    values = np.array(values, np.float32)
    low, high = best_range(values, values.min(), values.max())
    assert min(values.min(), 0) <= low <= 0 <= high <= max(values.max(), 0)


def test_a_rare_peak_is_cut_off_and_whole_numbers_are_not():
    values = np.random.default_rng(0).normal(size=400_000).astype("float32")
    values[7] = 20.0
    low, high = best_range(values, values.min(), values.max())
    assert 3 < high < 15 and low < 0
    pixels = np.round(values)
    assert best_range(pixels, pixels.min(), pixels.max()) == (pixels.min(), pixels.max())


def test_a_sampler_keeps_all_of_what_has_one_value_per_channel():
    sampler = Sampler()
    means = np.zeros((1, 1, 1, 8), np.float32)
    means[..., 3] = 9.5
    sampler.add("means", means)
    sampler.add("means", -means / 2)
    assert sampler.range("means") == (-4.75, 9.5)


@pytest.mark.parametrize("channels", [3, 12, 16, 24, 64])
def test_a_sampler_looks_at_every_channel(channels):
    """Every 27th value of twelve channels was red: grids were too narrow for blue."""
    values = np.zeros((1, 96, 96, channels), np.float32)
    values[...] = np.arange(channels)
    sampler = Sampler()
    sampler.add("t", values)
    (kept,) = sampler.samples["t"]
    assert set(np.unique(kept)) == set(range(channels))


@tensorflow_only
def test_no_grid_of_an_int8_file_is_wider_than_what_passes_through_it(tmp_path):
    """TensorFlow's calibrator took the gate's product for the sum that overwrites it in memory."""
    from keras_secn.lite.export import export

    keras.utils.set_random_seed(0)
    model = build_ct_secn(n=2, blocks=2, filters=16)
    pictures = [noise((64, 64), seed) for seed in range(3)]
    facts = export(
        model, tmp_path / "m.tflite", "int8", representative=pictures, report=True, progress=False
    )
    products = [row for row in facts["layers"] if re.search(r"/se\w*/mul$", row["tensor"])]
    assert len(products) == 2
    for row in products:
        low, high = row["range"]
        assert 255 * row["step"] < 2 * (high - low)


@tensorflow_only
def test_weights_of_int16x8_files_are_rounded_too(tmp_path):
    # 59.7 dB with each weight rounded to the nearest, 61.7 with the errors carried on
    import keras_secn
    from keras_secn.lite.export import export
    from keras_secn.lite.pictures import SAMPLES

    model = keras_secn.load("pocket_secn_s")
    facts = export(model, tmp_path / "s.tflite", "int16x8", representative=SAMPLES, progress=False)
    assert facts["check"]["psnr"] > 60.5
