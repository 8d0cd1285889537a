"""How LR pictures are made: kernels' alignment, and the kinds that benchmarks name."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import noise, noisy

from keras_secn.data.degradation import KERNELS, History, parse_degradation
from keras_secn.data.dihedral import dihedral
from keras_secn.data.imresize import imresize
from keras_secn.utils.errors import UserError


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_ramp_stays_the_ramp_under_every_kernel(kernel, scale):
    y, x = np.mgrid[: 20 * scale, : 24 * scale]
    # a slope that makes whole numbers of LR pixels' centers, (i + 0.5) * scale - 0.5
    hr = np.stack([2 * x, 2 * y, 255 - 2 * x], axis=-1).astype(np.uint8)
    i, j = np.mgrid[:20, :24]
    down, right = (scale * index + (scale - 1) / 2 for index in (i, j))
    expected = np.stack([2 * right, 2 * down, 255 - 2 * right], axis=-1)
    lr = parse_degradation(kernel)(hr, scale)
    assert lr.dtype == np.uint8
    np.testing.assert_array_equal(lr[4:-4, 4:-4], expected[4:-4, 4:-4])


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels_move_and_turn_with_the_picture(kernel, scale):
    hr = noisy((24 * scale, 24 * scale, 3), 3)
    reduce = parse_degradation(kernel)
    whole = reduce(hr, scale).astype(int)
    moved = reduce(hr[scale:, 2 * scale :], scale)
    np.testing.assert_array_equal(moved[4:-4, 4:-4], whole[5:-4, 6:-4])
    for turn in range(8):
        # the two passes round in another order, by half a level each
        error = np.abs(reduce(dihedral(hr, turn), scale) - dihedral(whole, turn))
        assert error.max() <= 2 and error.mean() < 0.25


def test_without_antialiasing_fine_stripes_stay():
    hr = np.zeros((64, 64, 3), np.uint8)
    hr[:, ::4] = 255
    hr[:, 1::4] = 255
    contrast = {kernel: np.ptp(parse_degradation(kernel)(hr, 4)[8, 4:-4]) for kernel in KERNELS}
    assert max(contrast.values()) == 0  # whole periods: every kernel sees the same everywhere
    contrast = {kernel: np.ptp(parse_degradation(kernel)(hr, 3)[8, 4:-4]) for kernel in KERNELS}
    assert contrast["bicubic_noaa"] == 255 > 2 * contrast["bicubic"]


def test_the_kernel_without_antialiasing_is_opencvs():
    # cv2.resize(np.arange(8) ** 2, (4, 1), interpolation=cv2.INTER_CUBIC) away from the ends:
    # -3/32, 19/32, 19/32, -3/32 of 1, 4, 9, 16 and of 9, 16, 25, 36
    hr = np.repeat(np.arange(8, dtype=np.uint8)[None, :, None] ** 2, 8, axis=0).repeat(3, axis=2)
    lr = parse_degradation("bicubic_noaa")(hr, 2)
    assert lr[2, 1:3, 0].tolist() == [
        round((19 * 13 - 3 * 17) / 32),
        round((19 * 41 - 3 * 45) / 32),
    ]


SHAPE = st.tuples(st.integers(4, 41), st.integers(4, 41))
KIND = st.sampled_from(
    ["png", "jpeg95", "jpeg60", "jpeg75_444", "webp80", "noise5", *KERNELS],
)


@settings(max_examples=60, deadline=None)
@given(SHAPE, KIND, st.sampled_from([2, 3, 4]))
def test_pictures_of_any_size_are_degraded(shape, kind, scale):
    hr = noise(shape, 1)
    lr = parse_degradation(kind)(hr, scale)
    assert lr.shape == (shape[0] // scale, shape[1] // scale, 3) and lr.dtype == np.uint8
    np.testing.assert_array_equal(lr, parse_degradation(kind)(hr, scale))
    clean = parse_degradation("png")(hr, scale)
    np.testing.assert_array_equal(
        clean, imresize(hr[: shape[0] // scale * scale, : shape[1] // scale * scale], 1 / scale)
    )
    if kind != "bicubic_noaa":  # which aliases noise: any difference may come of a few pixels
        assert np.abs(lr.astype(int) - clean).mean() < 40


def test_lower_quality_is_further_off():
    hr = noisy((96, 96, 3), 0, 40)
    clean = parse_degradation("png")(hr, 2).astype(float)

    def error(kind):
        return np.sqrt(np.mean((parse_degradation(kind)(hr, 2) - clean) ** 2))

    assert error("jpeg100_444") < error("jpeg90_444") < error("jpeg75_444") < error("jpeg40_444")
    assert error("jpeg75_444") < error("jpeg75")
    assert error("webp95") < error("webp50")
    assert error("noise5") == pytest.approx(5, rel=0.05)
    assert error("noise10") == pytest.approx(10, rel=0.05)


@pytest.mark.parametrize(
    "kind", ["jpeg", "jpeg0", "jpeg101", "webp75_444", "nearest", "", "JPEG60"]
)
def test_unknown_kinds_are_refused_with_the_known_ones(kind):
    with pytest.raises(UserError, match="known.*jpeg60.*bicubic_noaa"):
        parse_degradation(kind)


def test_blur_and_noise_keep_the_mean():
    lr = noisy((64, 64, 3), 0)
    rng = np.random.default_rng(1)
    soft, rough = History(blur=0.8).apply(lr, rng), History(noise=6.0).apply(lr, rng)
    assert soft.std() < 0.7 * lr.std() and rough.std() > lr.std()
    for image in (soft, rough):
        assert image.mean() == pytest.approx(lr.mean(), abs=0.6)
    point = np.zeros((33, 33, 3), np.uint8)
    point[16, 16] = 255
    spread = History(blur=0.8).apply(point, rng)
    for turn in range(8):
        assert np.abs(spread.astype(int) - dihedral(spread, turn)).max() <= 1
