"""The state a picture is in: what files say, and what pixels show."""

import io

import numpy as np
import pytest
from PIL import Image

from keras_secn import Upscaler
from keras_secn.data.degradation import parse_degradation
from keras_secn.data.images import find_images, read_image
from keras_secn.data.imresize import imresize
from keras_secn.lite.pages import page
from keras_secn.metrics.protocol import read_ground_truth
from keras_secn.metrics.psnr_ssim import psnr_y
from keras_secn.upscaling.condition import (
    color_noise,
    condition,
    is_blocky,
    jaggedness,
    jpeg_quality,
    noise_level,
    smooth,
)
from keras_secn.upscaling.io.read import read_header


def encoded(picture, quality, **options):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality, **options)
    return Image.open(buffer)


@pytest.fixture(scope="module")
def picture():
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (24, 32, 3), np.uint8))
    return np.asarray(small.resize((384, 288), Image.Resampling.LANCZOS))


@pytest.mark.parametrize("quality", range(1, 101))
def test_the_quality_of_a_jpeg_is_read_off_its_tables(quality):
    image = encoded(np.zeros((16, 16, 3), np.uint8), quality)
    assert abs(jpeg_quality(image.quantization) - quality) <= (1 if quality > 3 else 3)


@pytest.mark.parametrize("gray", [True, False])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_it_does_not_depend_on_colors(picture, gray, subsampling):
    pixels = picture[..., 0] if gray else picture
    image = encoded(pixels, 75, **({} if gray else {"subsampling": subsampling}))
    assert jpeg_quality(image.quantization) == 75


@pytest.mark.parametrize("tables", [None, {}, {0: []}, {0: [1] * 10}])
def test_without_tables_there_is_no_quality(tables):
    assert jpeg_quality(tables) is None


def test_other_encoders_tables_are_rated_by_their_steps():
    coarse, fine = ({0: [step] * 64} for step in (40, 2))
    assert jpeg_quality(coarse) < 70 < 93 < jpeg_quality(fine)


@pytest.mark.parametrize("quality", [40, 75, 92])
def test_a_compressed_jpeg_is_not_clean(picture, quality):
    found = condition(picture, encoded(picture, quality).quantization)
    assert not found.clean and f"quality {quality}" in found.reason
    assert condition(picture, encoded(picture, 96).quantization).clean


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_kind_of_pixels_is_judged_alike(picture, dtype, channels):
    rough = np.clip(picture + np.random.default_rng(1).normal(0, 15, picture.shape), 0, 255)
    for pixels, clean in ((picture, True), (rough, False)):
        stored = np.repeat(pixels[..., :1] / 255, channels, axis=2)
        if channels in (2, 4):
            stored[..., -1] = 1
        stored = (stored * {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]).astype(dtype)
        assert condition(stored).clean == clean


@pytest.mark.parametrize("shift", [(0, 0), (3, 5), (7, 1)])
def test_blocks_are_found_wherever_the_grid_lies(picture, shift):
    decoded = np.asarray(encoded(picture, 15).convert("L"), np.float64)[shift[0] :, shift[1] :]
    assert is_blocky(decoded) and not is_blocky(picture[..., 0].astype(float))


def test_noise_is_measured_in_gray_levels():
    noise = np.random.default_rng(2).normal(128, 9, (256, 256))
    assert noise_level(noise) == pytest.approx(9, rel=0.2)


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 900, 1), (47, 47, 4)])
def test_small_pictures_count_as_clean(shape):
    assert condition(np.random.default_rng(0).integers(0, 256, shape, np.uint8)).clean


def test_most_photographs_are_judged_rightly(shared_data):
    """Reduced with antialiasing they are clean, without it or in noise they are not."""
    right = {"png": [], "bicubic_noaa": [], "noise5": []}
    for path in find_images(shared_data / "choose"):
        hr = read_image(path)
        hr = hr[: len(hr) // 2 * 2, : hr.shape[1] // 2 * 2]
        for kind, found in right.items():
            state = condition(parse_degradation(kind)(hr, 2))
            judged = state.clean, bool(state.smoothing)
            found.append(judged == (kind != "noise5", kind == "bicubic_noaa"))
    assert all(np.mean(found) > 0.95 for found in right.values()), right


@pytest.mark.parametrize("number", range(6))
def test_pages_and_pictures_of_a_screen_are_clean(number):
    drawn = page((300, 420), number)
    assert condition(drawn).clean
    assert condition(parse_degradation("png")(drawn, 2)).clean


def test_areas_on_a_grid_of_eight_are_no_blocks_of_a_jpeg():
    areas = np.random.default_rng(0).choice(np.uint8([0, 80, 160, 255]), (30, 40, 1)).repeat(3, 2)
    assert condition(areas.repeat(8, axis=0).repeat(8, axis=1)).clean


def test_what_is_transparent_does_not_count(picture):
    hidden = np.random.default_rng(0).integers(0, 256, picture.shape, np.uint8)
    seen = np.zeros(picture.shape[:2], bool)
    seen[:, :200] = True
    pixels = np.dstack([np.where(seen[..., None], picture, hidden), 255 * seen.astype(np.uint8)])
    assert condition(pixels).reason == "clean" != condition(pixels[..., :3]).reason


def test_noise_in_colors_is_told_from_texture():
    """Texture is the same in all channels, noise is not."""
    rng = np.random.default_rng(0)
    texture = np.repeat(rng.normal(128, 20, (128, 128, 1)), 3, axis=2)
    assert color_noise(texture) == 0 < noise_level(texture[..., 0])
    assert color_noise(texture + rng.normal(0, 5, texture.shape)) == pytest.approx(7, rel=0.2)


@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("lossless", [True, False])
def test_webp_says_whether_it_is_lossy(picture, tmp_path, lossless, frames):
    first, *more = (Image.fromarray(np.roll(picture, shift, 0)) for shift in range(frames))
    options = {"lossless": lossless, "icc_profile": b"x" * 1001}
    if more:
        options |= {"save_all": True, "append_images": more}
    first.save(tmp_path / "a.webp", **options)
    assert read_header(tmp_path / "a.webp").lossy != lossless
    assert condition(picture, lossy=not lossless).clean == lossless


def test_a_soft_picture_is_not_jagged(picture):
    y = picture[..., 0].astype(float)
    assert jaggedness(y) == 0 < jaggedness(y[::7, ::7])


def filtered(line):
    return np.convolve(np.pad(line, 1, "edge"), [0.1, 0.8, 0.1], "valid")


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 700, 1), (1300, 5, 3)])
def test_smoothing_is_the_same_filter_everywhere(dtype, shape):
    levels = np.random.default_rng(0).random(shape) * {"uint8": 255, "uint16": 65535}.get(dtype, 1)
    pixels = levels.astype(dtype)
    expected = pixels.astype(np.float64)
    for axis in (0, 1):
        expected = np.apply_along_axis(filtered, axis, expected)
    off = np.abs(smooth(pixels, 0.1) - expected).max()
    assert smooth(pixels, 0.1).dtype == pixels.dtype
    assert off <= (1e-6 if dtype == "float32" else 0.51)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("folder", ["set5", "choose"])
def test_small_pictures_are_judged_as_large_ones_are(shared_data, folder, scale):
    """Down to 64 pixels, texture is taken neither for noise nor for a reduction's jagged edges."""
    rough = {"png": 0, "bicubic_noaa": 0}
    paths = find_images(shared_data / folder)
    for kind in rough:
        for path in paths:
            rough[kind] += condition(read_ground_truth(path, scale, kind).lr).reason != "clean"
    assert rough["png"] <= 0.04 * len(paths)
    assert rough["bicubic_noaa"] >= 0.6 * len(paths)


def test_a_jagged_photograph_is_smoothed_before_it_is_enlarged(shared_data):
    """Bicubic alone is better than a network that takes jagged edges for true ones."""
    hr = read_image(shared_data / "set5" / "butterfly.png")
    lr = parse_degradation("bicubic_noaa")(hr, 2)
    assert condition(lr).smoothing
    bicubic, own, named = (
        psnr_y(hr, picture, 2)
        for picture in (imresize(lr, scale=2), Upscaler()(lr), Upscaler("ct_secn_16")(lr))
    )
    assert own > bicubic + 1 > named + 2


@pytest.mark.parametrize(("kind", "gain"), [("area", 0.3), ("bicubic_noaa", 2), ("lanczos", -0.1)])
def test_smoothing_helps_by_how_jagged_a_picture_is(shared_data, kind, gain):
    own, named = Upscaler(), Upscaler("ct_secn_16")
    gained = []
    for path in find_images(shared_data / "choose")[::8]:
        truth = read_ground_truth(path, 2, kind)
        gained.append(psnr_y(truth.hr, own(truth.lr), 2) - psnr_y(truth.hr, named(truth.lr), 2))
    assert np.mean(gained) > gain
