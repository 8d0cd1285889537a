"""Transparent pictures: no fringes, no haze, and what is visible stays."""

import numpy as np
from arrays import noise

from keras_secn.upscaling.io.alpha import bleed, limits
from keras_secn.upscaling.upscaler import Upscaler


def test_no_fringes_and_no_haze_around_what_is_visible(tiny_file):
    # a red square; what is transparent around it holds green
    image = np.zeros((24, 24, 4), np.uint8)
    image[..., 1] = 255
    image[8:16, 8:16] = (255, 0, 0, 255)
    result = Upscaler(tiny_file)(image)
    # as if all had been red
    red = Upscaler(tiny_file)(np.full((24, 24, 3), (255, 0, 0), np.uint8))
    np.testing.assert_array_equal(result[..., :3], red)
    # beyond one pixel around the square there is nothing, well within it there is no hole
    alpha = result[..., 3].astype(int)
    assert alpha[18:30, 18:30].min() == 255
    alpha[14:34, 14:34] = 0
    assert alpha.max() == 0


def test_bleeding_keeps_what_is_visible():
    color, alpha = noise(19, 26, 3), noise(19, 26, 1, seed=1)
    alpha[alpha < 128] = 0
    result = bleed(color, alpha)
    shown = alpha[..., 0] > 0
    np.testing.assert_array_equal(result[shown], color[shown])
    flat = np.where(alpha > 0, np.uint8(77), color)
    np.testing.assert_array_equal(bleed(flat, alpha), np.full_like(flat, 77))


def test_limits_of_alpha_are_those_of_a_window():
    alpha = noise(9, 14, 1, seed=5)
    least, largest = limits(alpha)
    for y, x in np.ndindex(9, 14):
        window = alpha[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
        assert (least[y, x], largest[y, x]) == (window.min(), window.max())


def test_constant_alpha_stays_constant(tiny_file):
    image = noise(20, 20, 4)
    for value in (0, 99, 255):
        image[..., 3] = value
        result = Upscaler(tiny_file)(image)
        assert np.all(result[..., 3] == value)
