"""The resize against MATLAB's own images, Pillow's, and what the kernel must do by theory."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import noise
from PIL import Image

from keras_secn.data.imresize import cubic, imresize
from keras_secn.utils.errors import UserError

SCALES = [1 / 4, 1 / 3, 1 / 2, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ["baby", "bird", "butterfly", "head", "woman"])
def test_equals_matlab_to_the_bit(shared_data, name):
    hr = np.asarray(Image.open(shared_data / "set5" / f"{name}.png"))
    lr = np.asarray(Image.open(shared_data / "set5_matlab_x2" / f"{name}.png"))
    height, width = hr.shape[0] // 2 * 2, hr.shape[1] // 2 * 2
    np.testing.assert_array_equal(imresize(hr[:height, :width], scale=0.5), lr)


def test_kernel_interpolates_and_sums_to_one():
    assert cubic(np.arange(-3, 4)).tolist() == [0, 0, 0, 1, 0, 0, 0]
    x = np.linspace(0, 1, 101)[:, None] + np.arange(-3, 3)
    np.testing.assert_allclose(cubic(x).sum(axis=1), 1, atol=1e-12)


@pytest.mark.parametrize("scale", [2, 3, 4, 1.7])
def test_enlarging_reproduces_a_quadratic_away_from_the_edge(scale):
    """Keys (1981): with a = -0.5, and no other a, the error is of third order."""

    def quadratic(x):
        return 3 + 2 * x - 0.05 * x**2

    image = np.tile(quadratic(np.arange(30.0)), (5, 1))
    result = imresize(image, scale=scale)
    x = (np.arange(result.shape[1]) + 0.5) / scale - 0.5
    inner = (x > 2) & (x < 27)
    np.testing.assert_allclose(result[3][inner], quadratic(x[inner]), atol=1e-9)


@pytest.mark.parametrize("scale", SCALES)
def test_agrees_with_pillow_away_from_the_edge(scale):
    """Pillow's bicubic is the same kernel, antialiased; it treats the edge in another way."""
    image = noise((96, 120), 1)[..., 0].astype(np.float32)
    result = imresize(image, scale=scale)
    pillow = Image.fromarray(image).resize(result.shape[::-1], Image.Resampling.BICUBIC)
    edge = int(np.ceil(2 * max(scale, 1))) + 1
    inner = slice(edge, -edge), slice(edge, -edge)
    np.testing.assert_allclose(result[inner], np.asarray(pillow)[inner], atol=2e-3)


@given(
    height=st.integers(1, 30),
    width=st.integers(1, 30),
    channels=st.sampled_from([None, 1, 3, 4]),
    scale=st.sampled_from(SCALES),
    value=st.integers(0, 255),
    dtype=st.sampled_from(["uint8", "uint16", "float32", "float64"]),
)
@settings(max_examples=100, deadline=None)
def test_every_size_keeps_a_plain_color_and_rounds_the_size_up(
    height, width, channels, scale, value, dtype
):
    shape = (height, width) if channels is None else (height, width, channels)
    result = imresize(np.full(shape, value, dtype), scale=scale)
    assert result.dtype == dtype and result.flags.c_contiguous
    assert result.shape == (int(np.ceil(height * scale)), int(np.ceil(width * scale)), *shape[2:])
    np.testing.assert_allclose(result, value, rtol=1e-6)


@given(seed=st.integers(0, 1000), scale=st.sampled_from(SCALES))
@settings(max_examples=30, deadline=None)
def test_channels_do_not_mix_and_mirrored_images_give_mirrored_results(seed, scale):
    rng = np.random.default_rng(seed)
    # multiples of the scale, so that the grid lies alike from both sides
    image = rng.integers(0, 256, (12 * rng.integers(1, 4), 12, 3), np.uint8)
    result = imresize(image, scale=scale)
    for channel in range(3):
        np.testing.assert_array_equal(result[..., channel], imresize(image[..., channel], scale))
    np.testing.assert_array_equal(imresize(image[::-1, ::-1], scale)[::-1, ::-1], result)


def test_uint8_is_rounded_and_clipped_between_the_passes():
    # rows of stripes and an edge across them: the first pass overshoots, the second would use it
    image = np.zeros((16, 16), np.uint8)
    image[8:, ::3] = 255
    height_only = imresize(image, size=(8, 16))
    np.testing.assert_array_equal(imresize(height_only, size=(8, 8)), imresize(image, 0.5))
    once = imresize(image.astype(float), 0.5)
    assert (imresize(image, 0.5) != np.clip(np.floor(once + 0.5), 0, 255)).any()


def test_the_axis_that_shrinks_most_comes_first():
    image = np.random.default_rng(1).integers(0, 256, (20, 40), np.uint8)
    width_first = imresize(imresize(image, size=(20, 10)), size=(30, 10))
    np.testing.assert_array_equal(imresize(image, size=(30, 10)), width_first)


def test_half_is_rounded_up():
    # a quarter pixel on either side of 14 and 16 on a ramp: 13.5, 14.5, 15.5, 16.5
    image = np.array([[10, 12, 14, 16, 18, 20]], np.uint8)
    assert imresize(image, 2)[0, 4:8].tolist() == [14, 15, 16, 17]


def test_16_bits_agree_with_float():
    image = np.random.default_rng(2).integers(0, 65536, (20, 24, 3), np.uint16)
    exact = np.clip(imresize(image.astype(float), 0.5), 0, 65535)
    assert np.abs(imresize(image, 0.5) - exact).max() < 1.5


def test_a_large_photograph_needs_little_memory():
    image = np.random.default_rng(3).integers(0, 256, (1360, 2040, 3), np.uint8)
    tracemalloc.start()
    imresize(image, 0.5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * image.nbytes


@pytest.mark.parametrize(
    ("image", "arguments", "words"),
    [
        (np.zeros((4, 4), np.int32), {"scale": 2}, "not int32"),
        (np.zeros((4, 4), bool), {"scale": 2}, "not bool"),
        (np.zeros((0, 4), np.uint8), {"scale": 2}, "height x width"),
        (np.zeros(4, np.uint8), {"scale": 2}, "height x width"),
        (np.zeros((4, 4), np.uint8), {}, "either a scale or a size"),
        (np.zeros((4, 4), np.uint8), {"scale": 2, "size": (2, 2)}, "either a scale or a size"),
        (np.zeros((4, 4), np.uint8), {"scale": 0}, "above 0"),
        (np.zeros((4, 4), np.uint8), {"scale": float("nan")}, "above 0"),
        (np.zeros((4, 4), np.uint8), {"size": (0, 3)}, "at least 1x1"),
    ],
)
def test_bad_input_is_named(image, arguments, words):
    with pytest.raises(UserError, match=words):
        imresize(image, **arguments)
