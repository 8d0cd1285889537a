"""SECN, CT-SECN and EDSR have the paper's counts; their layers compute what it says."""

import keras
import numpy as np
import pytest

import keras_secn
from keras_secn.layers import MeanShift, PixelShuffle, local_mean
from keras_secn.metrics.complexity import multiply_adds
from keras_secn.models.edsr_trunk import build_network, scale_of
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
        (lambda: scale_of(keras.Sequential([keras.Input((None, None, 3))])), "larger RGB out"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
