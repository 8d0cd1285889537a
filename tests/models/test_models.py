"""The networks: the paper's counts, any size, saving, precision, both backends."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_secn
from keras_secn.layers import BLOCKS, MeanShift, PixelShuffle, SqueezeExcite, local_mean
from keras_secn.metrics.complexity import multiply_adds
from keras_secn.models.edsr_trunk import block_kinds, build_network, scale_of
from keras_secn.training.precision import precision_scope
from keras_secn.utils.errors import UserError


@pytest.mark.parametrize(
    ("n", "parameters"),
    [(0, 1_379_139), (4, 1_122_115), (8, 865_091), (12, 608_067), (16, 351_043)],
)
def test_ct_secn_has_the_parameters_of_table_2(n, parameters):
    assert keras_secn.build_ct_secn(n=n).count_params() == parameters


def test_secn_is_ct_secn_0():
    assert keras_secn.build_secn().count_params() == 1_379_139


@pytest.mark.parametrize(
    ("options", "parameters"),
    [({}, 1_369_859), ({"blocks": 32, "filters": 256, "residual_scaling": 0.1}, 40_729_603)],
)
def test_edsr_has_the_published_parameters(options, parameters):
    assert keras_secn.build_edsr(**options).count_params() == parameters


def test_large_secn_adds_only_squeeze_and_excitation():
    large = {"blocks": 32, "filters": 256, "residual_scaling": 0.1}
    gates = 32 * (256 * 16 + 16 + 16 * 256 + 256)
    edsr = keras_secn.build_edsr(**large).count_params()
    assert keras_secn.build_secn(**large).count_params() == edsr + gates


@pytest.mark.parametrize(("n", "expected"), [(0, 1.375e6), (16, 0.347e6)])
def test_multiply_adds_are_the_papers(n, expected):
    assert multiply_adds(keras_secn.build_ct_secn(n)) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("kind", list(BLOCKS))
def test_any_size_at_any_scale(kind, scale):
    model = build_network([kind] * 2, scale=scale, filters=8)
    assert scale_of(model) == scale
    for height, width in [(1, 1), (5, 8), (13, 7)]:
        outputs = model(np.full((2, height, width, 3), 100.0))
        assert outputs.shape == (2, scale * height, scale * width, 3)


@pytest.mark.parametrize("kind", list(BLOCKS))
def test_saved_and_loaded_network_is_the_same(kind, tmp_path):
    model = build_network([kind, "se"], filters=8, residual_scaling=0.5)
    image = np.random.default_rng(0).uniform(0, 255, (1, 9, 11, 3)).astype("float32")
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert block_kinds(loaded) == [kind, "se"]
    np.testing.assert_array_equal(model(image), loaded(image))


def test_bfloat16_follows_float32_and_ends_in_float32():
    keras.utils.set_random_seed(1)
    exact = build_network(["se", "separable"], filters=16)
    with precision_scope("mixed_bfloat16"):
        rough = build_network(["se", "separable"], filters=16)
    rough.set_weights(exact.get_weights())
    assert keras.config.dtype_policy().name == "float32"
    assert rough.get_layer("block_0").compute_dtype == "bfloat16"
    image = np.random.default_rng(0).uniform(0, 255, (1, 16, 16, 3)).astype("float32")
    outputs = np.asarray(rough(image))
    assert outputs.dtype == np.float32
    # bfloat16 has 8 bits: within one percent of the range
    np.testing.assert_allclose(outputs, exact(image), atol=2.5)


def test_same_weights_same_picture_on_the_other_backend(tmp_path):
    keras.utils.set_random_seed(2)
    model = build_network(["se", "separable", "inverted", "fire"], filters=8)
    image = np.random.default_rng(0).uniform(0, 255, (1, 12, 10, 3)).astype("float32")
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "image.npy", image)
    other = "jax" if keras.backend.backend() == "tensorflow" else "tensorflow"
    pytest.importorskip(other)
    code = (
        "import sys, keras, numpy as np, keras_secn.layers\n"
        "folder = sys.argv[1]\n"
        "model = keras.saving.load_model(folder + '/model.keras')\n"
        "image = np.load(folder + '/image.npy')\n"
        "np.save(folder + '/out.npy', keras.ops.convert_to_numpy(model(image)))\n"
        "for layer in model._flatten_layers():\n"
        "    if hasattr(layer, 'window'): layer.window = 6\n"
        "np.save(folder + '/local.npy', keras.ops.convert_to_numpy(model(image)))\n"
    )
    environment = {**os.environ, "KERAS_BACKEND": other}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env=environment)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), model(image), atol=2e-3)
    for layer in model._flatten_layers():
        if isinstance(layer, SqueezeExcite):
            layer.window = 6
    np.testing.assert_allclose(np.load(tmp_path / "local.npy"), model(image), atol=2e-3)


def test_mean_shift_and_its_inverse_cancel():
    image = np.random.default_rng(0).uniform(0, 255, (1, 4, 5, 3)).astype("float32")
    back = MeanShift(inverse=True)(MeanShift()(image))
    np.testing.assert_allclose(back, image, atol=1e-4)


def test_pixel_shuffle_puts_channels_where_espcn_says():
    # ESPCN, eq. 4: output (y, x) comes from channel (y mod r) * r + (x mod r)
    channels = np.arange(4, dtype="float32").reshape(1, 1, 1, 4)
    np.testing.assert_array_equal(np.squeeze(PixelShuffle(2)(channels)), [[0, 1], [2, 3]])


@pytest.mark.parametrize("window", [1, 3, 4, 50])
def test_local_mean_is_the_mean_of_the_moved_square(window):
    features = np.random.default_rng(0).normal(size=(1, 7, 10, 2)).astype("float32")
    outputs = np.asarray(local_mean(features, window))
    for y in range(7):
        for x in range(10):
            top = min(max(y - window // 2, 0), max(7 - window, 0))
            left = min(max(x - window // 2, 0), max(10 - window, 0))
            square = features[0, top : top + window, left : left + window]
            np.testing.assert_allclose(outputs[0, y, x], square.mean((0, 1)), atol=1e-5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: keras_secn.build_ct_secn(n=17), "0..16"),
        (lambda: keras_secn.build_ct_secn(n=-1), "0..16"),
        (lambda: keras_secn.build_secn(scale=5), "scale"),
        (lambda: build_network(["dense"]), "unknown block kind"),
        (lambda: build_network([]), "at least one block"),
        (lambda: scale_of(keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])), "super"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
