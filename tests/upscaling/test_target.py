"""Sizes that users ask for: which networks reach them, and the exact reduction afterwards."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import noise

from keras_secn.data.imresize import imresize
from keras_secn.upscaling.reduction import reduce_bands
from keras_secn.upscaling.target import Target, factors
from keras_secn.utils.errors import UserError

sides = st.integers(1, 5000)


@given(sides, sides, st.integers(1, 5000))
def test_a_width_or_height_is_kept_to_the_pixel(height, width, length):
    for name in ("width", "height"):
        side = width if name == "width" else height
        if length / side > 16:
            with pytest.raises(UserError, match="at most 16 times"):
                Target(**{name: length}).size(height, width)
            continue
        size = Target(**{name: length}).size(height, width)
        assert size[1 if name == "width" else 0] == length
        other, was = (size[0], height) if name == "width" else (size[1], width)
        assert abs(other - was * length / side) <= 0.5 or other == 1


@given(sides, sides, st.floats(1.01, 16))
def test_a_scale_is_kept_to_half_a_pixel(height, width, scale):
    size = Target(scale=scale).size(height, width)
    assert all(abs(a - scale * b) <= 0.5 + 1e-6 for a, b in zip(size, (height, width), strict=True))


def test_megapixels_are_about_met():
    height, width = Target(megapixels=12).size(1000, 1500)
    assert height * width == pytest.approx(12e6, rel=1e-3)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"scale": 2, "width": 5}, "give one of scale and width"),
        ({"scale": 1}, "above 1"),
        ({"scale": 17}, "at most 16"),
        ({"scale": float("nan")}, "above 0"),
        ({"width": 0}, "above 0"),
        ({"width": 2.5}, "whole pixels"),
        ({"height": -3}, "above 0"),
        ({"megapixels": "many"}, "a number"),
        ({"width": 10**400}, "below 1e"),
        ({"megapixels": 1e307}, "below 1e"),
    ],
)
def test_impossible_sizes_are_refused(wanted, words):
    with pytest.raises(UserError, match=words):
        Target(**wanted)


def test_numbers_of_numpy_are_numbers():
    assert Target(scale=np.int64(2)).size(10, 20) == (20, 40)
    assert Target(scale=np.float32(1.5)).tag == "x1.5"
    assert Target(width=np.int32(30)).tag == "w30"


@pytest.mark.parametrize(
    ("available", "needed", "chain"),
    [
        ({2, 3, 4}, 2, (2,)),
        ({2, 3, 4}, 3, (3,)),
        ({2, 3, 4}, 4, (4,)),
        ({2, 3, 4}, 8, (4, 2)),
        ({2, 3, 4}, 1.5, (2,)),
        ({2, 3, 4}, 2.01, (3,)),
        ({2, 3, 4}, 5, (3, 2)),
        ({2, 4}, 3, (4,)),
        ({2}, 3, (2, 2)),
        ({2}, 8, (2, 2, 2)),
        ({3}, 4, (3, 3)),
        ({2, 3, 4}, 1, ()),
    ],
)
def test_the_smallest_networks_that_reach_it(available, needed, chain):
    assert factors(available, needed) == chain


@given(st.sets(st.sampled_from([2, 3, 4]), min_size=1), st.floats(1.001, 16))
def test_no_smaller_product_would_do(available, needed):
    chain = factors(available, needed)
    assert math.prod(chain) >= needed - 1e-6
    assert math.prod(chain[:-1]) < needed
    assert list(chain) == sorted(chain, reverse=True)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("reduced", [(30, 40), (47, 71), (64, 90), (1, 1), (64, 33), (20, 90)])
@pytest.mark.parametrize("rows", [1, 7, 64])
def test_rows_are_reduced_as_the_whole_picture_is(dtype, reduced, rows):
    picture = noise((64, 90), 3).astype(np.float64) / 255
    exact = np.clip(imresize(picture, size=reduced), 0, 1)
    white = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    stored = np.floor(picture * white + 0.5) if white > 1 else picture
    stored = stored.astype(dtype)
    bands = (stored[top : top + rows] for top in range(0, 64, rows))
    result = list(reduce_bands(bands, (64, 90), reduced))
    whole = np.concatenate(result)
    assert whole.dtype == dtype and whole.shape == (*reduced, 3)
    step = 1 / white if white > 1 else 1e-5
    np.testing.assert_allclose(whole / white, exact, atol=1.01 * step + 1e-5)


def test_colors_that_nobody_sees_do_not_leak_into_a_reduced_picture():
    picture = np.zeros((32, 32, 4), np.uint8)
    picture[:, :16] = 200, 100, 50, 255
    picture[:, 16:] = 0, 255, 0, 0
    result = np.concatenate(list(reduce_bands([picture], (32, 32), (20, 20))))
    seen = result[result[..., 3] > 20]
    np.testing.assert_allclose(seen[:, :3], np.tile([200, 100, 50], (len(seen), 1)), atol=2)
