"""What numbers mean as colors: kept, converted or refused, never old numbers under a new label."""

import io
import struct
import warnings

import numpy as np
import pytest
import tifffile
from described_files import FORMATS, photograph, png_chunks, png_with, saved
from PIL import Image, ImageCms

from keras_secn.upscaling.upscaler import Upscaler
from keras_secn.utils.errors import UserError


@pytest.fixture(scope="module")
def upscaler():
    return Upscaler("pocket_secn_s", threads=1)


def with_cicp(*numbers, depth=8):
    return png_with(saved(photograph(), "PNG"), (b"cICP", bytes(numbers)))


def nclx(content):
    place = content.index(b"colrnclx") + 8
    return struct.unpack(">HH", content[place : place + 4])


@pytest.mark.parametrize("numbers", [(9, 16, 0, 1), (9, 18, 0, 1), (12, 13, 0, 1), (1, 13, 0, 1)])
def test_cicp_is_kept_where_the_format_has_it(upscaler, tmp_path, numbers):
    path = tmp_path / "photo.png"
    path.write_bytes(with_cicp(*numbers))
    out = upscaler(path, tmp_path / "out.png")
    assert (b"cICP", bytes(numbers)) in png_chunks(out.read_bytes())
    moved = upscaler(out, tmp_path / "out.avif")
    assert nclx(moved.read_bytes()) == numbers[:2]
    back = upscaler(moved, tmp_path / "back.png")
    assert (b"cICP", bytes(numbers)) in png_chunks(back.read_bytes())


@pytest.mark.parametrize("target", ["jpg", "webp", "tif", "gif", "bmp"])
@pytest.mark.parametrize("numbers", [(9, 16, 0, 1), (9, 18, 0, 1), (12, 13, 0, 0), (200, 13, 0, 1)])
def test_hdr_is_refused_elsewhere(upscaler, tmp_path, numbers, target):
    path = tmp_path / "photo.png"
    path.write_bytes(with_cicp(*numbers))
    with pytest.raises(UserError, match="photo.png.*cannot say the colors.*png or avif"):
        upscaler(path, tmp_path / f"out.{target}")
    assert not (tmp_path / f"out.{target}").exists()


def seen(image):
    """An image as a program that knows profiles shows it: sRGB."""
    profile = image.info.get("icc_profile")
    image = image.convert("L" if image.mode == "L" else "RGB")
    if not profile:
        return np.asarray(image.convert("RGB")).astype(int)
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    target = ImageCms.createProfile("sRGB")
    return np.asarray(ImageCms.profileToProfile(image, source, target, outputMode="RGB")).astype(
        int
    )


@pytest.mark.parametrize("target", ["jpg", "webp", "tif", "gif", "bmp"])
def test_wide_colors_look_the_same_in_formats_without_cicp(upscaler, tmp_path, target):
    """Display P3 (H.273: 12, 13) by its published matrix, against what a viewer makes of it."""
    path = tmp_path / "photo.png"
    image = Image.new("RGB", (13, 11), (200, 120, 90))
    path.write_bytes(png_with(saved(image, "PNG"), (b"cICP", bytes([12, 13, 0, 1]))))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = upscaler(path, tmp_path / f"out.{target}")
    linear = np.array([200, 120, 90]) / 255
    linear = ((linear + 0.055) / 1.055) ** 2.4
    matrix = [[1.2249, -0.2249, 0], [-0.0420, 1.0420, 0], [-0.0197, -0.0786, 1.0984]]
    expected = 255 * (1.055 * (np.array(matrix) @ linear) ** (1 / 2.4) - 0.055)
    with Image.open(out) as made:
        assert np.abs(seen(made)[5:-5, 5:-5].mean(axis=(0, 1)) - expected).max() < 4


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("target", FORMATS)
def test_a_pngs_gamma_looks_the_same(upscaler, tmp_path, target, mode):
    path = tmp_path / "photo.png"
    image = Image.new(mode, (13, 11), 64 if mode == "L" else (64, 64, 64))
    path.write_bytes(png_with(saved(image, "PNG"), (b"gAMA", struct.pack(">I", 100000))))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = upscaler(path, tmp_path / f"out.{target}")
    if target == "png":
        assert (b"gAMA", struct.pack(">I", 100000)) in png_chunks(out.read_bytes())
        return
    expected = 255 * (1.055 * (64 / 255) ** (1 / 2.4) - 0.055)
    with Image.open(out) as made:
        assert np.abs(seen(made) - expected).mean() < 5


def gray_profile(gamma=1.0):
    from keras_secn.upscaling.io.color import PRIMARIES, make_profile

    return make_profile(PRIMARIES[1], (gamma, 1, 0, 0, 0), gray=True)


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_gray_profiles_stay_with_gray(upscaler, tmp_path, suffix, target):
    path = tmp_path / f"photo.{suffix}"
    Image.new("L", (13, 11), 64).save(path, icc_profile=gray_profile())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = upscaler(path, tmp_path / f"out.{target}")
    expected = 255 * (1.055 * (64 / 255) ** (1 / 2.4) - 0.055)
    with Image.open(out) as made:
        profile = made.info.get("icc_profile", b"")
        assert (profile[16:20] == b"GRAY") == (target in ("jpg", "png", "tif"))
        assert np.abs(seen(made) - expected).mean() < 5


@pytest.mark.parametrize("target", FORMATS)
def test_gray_profiles_of_colored_pictures_are_left_out(upscaler, tmp_path, target):
    path = tmp_path / "photo.jpg"
    photograph().save(path, icc_profile=gray_profile())
    with pytest.warns(UserWarning, match="photo.jpg.*profile.*for gray"):
        out = upscaler(path, tmp_path / f"out.{target}")
    assert "icc_profile" not in Image.open(out).info


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("light", [[(b"mDCV", bytes(range(24)))], [(b"cLLI", bytes(8))]])
def test_the_light_of_an_hdr_picture_is_kept_or_told(upscaler, tmp_path, light, target):
    path = tmp_path / "photo.png"
    path.write_bytes(png_with(saved(photograph(), "PNG"), *light))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        out = upscaler(path, tmp_path / f"out.{target}")
    assert len([one for one in told if "mDCV, cLLI" in str(one.message)]) == (target != "png")
    assert target != "png" or light[0] in png_chunks(out.read_bytes())


@pytest.mark.parametrize("target", FORMATS)
def test_the_primaries_of_a_tiff(upscaler, tmp_path, target):
    """Adobe RGB's green (0.21, 0.71), which sRGB shows with less red than it has."""
    path = tmp_path / "photo.tif"
    pixels = np.full((11, 13, 3), (100, 200, 100), np.uint8)

    def points(*values):
        return tuple(n for value in values for n in (round(value * 10000), 10000))

    tags = [(318, 5, 2, points(0.3127, 0.329), True)]
    tags += [(319, 5, 6, points(0.64, 0.33, 0.21, 0.71, 0.15, 0.06), True)]
    tifffile.imwrite(path, pixels, photometric="rgb", metadata=None, extratags=tags)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = upscaler(path, tmp_path / f"out.{target}")
    if target == "png":
        assert Image.open(out).info["chromaticity"][4:6] == (0.21, 0.71)
        return
    # the published matrix from Adobe RGB to sRGB, and a gamma of 2.2
    linear = (
        np.array([[1.3983, -0.3983, 0], [0, 1, 0], [0, -0.0429, 1.0429]])
        @ (np.array([100, 200, 100]) / 255) ** 2.2
    )
    expected = 255 * np.clip(linear, 0, 1) ** (1 / 2.2)
    with Image.open(out) as made:
        assert np.abs(seen(made)[5:-5, 5:-5].mean(axis=(0, 1)) - expected).max() < 5


@pytest.mark.parametrize("values", [(0, 0), (2**32 - 1, 1), (1, 0), (1, 2**32 - 1)])
def test_primaries_that_are_none(upscaler, tmp_path, values):
    path = tmp_path / "photo.tif"
    tags = [(318, 5, 2, values * 2, True), (319, 5, 6, values * 6, True)]
    pixels = np.asarray(photograph())
    tifffile.imwrite(path, pixels, photometric="rgb", metadata=None, extratags=tags)
    for target in FORMATS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            upscaler(path, tmp_path / f"out.{target}")


def test_a_curve_that_is_left_out_is_told(upscaler, tmp_path):
    path = tmp_path / "photo.tif"
    tags = [(301, 3, 768, tuple(range(256)) * 3, True)]
    pixels = np.asarray(photograph())
    tifffile.imwrite(path, pixels, photometric="rgb", metadata=None, extratags=tags)
    with pytest.warns(UserWarning, match="photo.tif: left out a transfer function"):
        upscaler(path, tmp_path / "out.png")
