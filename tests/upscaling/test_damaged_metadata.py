"""Metadata that cannot be read or written: the picture is made, and a note says what is missing."""

import io
import struct
import warnings

import numpy as np
import pytest
from described_files import (
    COPYRIGHT,
    FORMATS,
    IPTC,
    WITH_EXIF,
    XMP,
    exif,
    jpeg_segment,
    photograph,
    png_with,
    saved,
    tiff_block,
)
from odd_files import picture, srgb
from PIL import Image, PngImagePlugin

from keras_secn.upscaling.upscaler import Upscaler

FLOAT_MAKE = tiff_block((0x010F, 11, 1, struct.pack("<f", 1.5)))
BAD_EXIF = {
    "garbage": bytes(range(1, 100)),
    "empty": b"",
    "cut": b"II*\0\x08\0",
    "no_directory": b"II*\0" + struct.pack("<I", 10**6),
    "make_is_a_float": FLOAT_MAKE,
    "orientation_text": tiff_block((0x0112, 2, 2, b"6\0\0\0")),
    "orientation_9": tiff_block((0x0112, 3, 1, b"\x09\0\0\0")),
    "orientation_twice": tiff_block((0x0112, 3, 2, b"\x06\0\x06\0")),
    "orientation_fraction": tiff_block((0x0112, 5, 1, b"\x08\0\0\0")),
    "beyond_the_end": tiff_block((0x010F, 2, 1000, struct.pack("<I", 5000))),
    "type_0": tiff_block((0x010F, 0, 1, b"abcd")),
    "type_99": tiff_block((0x010F, 99, 1, b"abcd")),
    "details_are_text": tiff_block((0x8769, 2, 2, b"6\0\0\0")),
    "details_are_itself": tiff_block((0x8769, 4, 1, b"\x08\0\0\0")),
    "resolution_n_0": tiff_block((0x011A, 5, 1, b"\x08\0\0\0"), (0x011B, 5, 1, b"\x08\0\0\0")),
    "big_endian": tiff_block((0x8298, 2, 4, b"\xa9ab\0"), order=">"),
    "many_tags": b"II*\0\x08\0\0\0\xff\xff" + bytes(12 * 100),
    "not_ascii": tiff_block((0x8298, 2, 4, b"\xa9\xff\xfe\0")),
}


@pytest.fixture(scope="module")
def upscaler():
    return Upscaler("pocket_secn_s", threads=1)


def with_exif(suffix, content):
    """A file of a format with these bytes as its EXIF."""
    image = photograph()
    if suffix == "jpg":
        return jpeg_segment(saved(image, "JPEG"), 0xE1, b"Exif\0\0" + content)
    if suffix == "png":
        return png_with(saved(image, "PNG"), (b"eXIf", content))
    if suffix == "webp":
        return saved(image, "WEBP", exif=content or b"\0")
    # an item of the right length, whose bytes are put in afterwards
    held = tiff_block((0x010F, 2, max(5, len(content)), struct.pack("<I", 26)))
    held = held + bytes(max(0, len(content) - len(held)))
    made = saved(image, "AVIF", exif=held)
    return made.replace(held, content.ljust(len(held), b"\0"))


@pytest.mark.parametrize(
    ("suffix", "name", "target"),
    [
        # each content in each format that is read, and over them in each that is written
        (suffix, name, WITH_EXIF[(row + column) % len(WITH_EXIF)])
        for row, name in enumerate(BAD_EXIF)
        for column, suffix in enumerate(["jpg", "png", "webp", "avif"])
    ],
)
def test_bad_exif_stops_no_picture(upscaler, tmp_path, suffix, name, target):
    path = tmp_path / f"photo.{suffix}"
    path.write_bytes(with_exif(suffix, BAD_EXIF[name]))
    plain = tmp_path / f"plain.{suffix}"
    plain.write_bytes(saved(photograph(), Image.registered_extensions()[f".{suffix}"]))
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        out = upscaler(path, tmp_path / f"out.{target}")
    with Image.open(out) as image, Image.open(upscaler(plain, tmp_path / f"p.{target}")) as same:
        assert image.size == (26, 22)
        np.testing.assert_array_equal(np.asarray(image), np.asarray(same))


BAD_TAGS = {
    "text_not_ascii": (315, 2, COPYRIGHT + b"\0"),
    "icc_is_text": (34675, 2, b"a profile\0"),
    "icc_is_a_float": (34675, 11, struct.pack("<f", 1)),
    "xmp_is_short": (700, 3, b"ab"),
    "iptc_is_long": (33723, 4, IPTC + b"\0"),
    "make_is_a_double": (271, 12, struct.pack("<d", 1)),
    "resolution_n_0": (282, 5, struct.pack("<II", 300, 0)),
    "resolution_is_text": (282, 2, b"300\0"),
    "orientation_is_text": (274, 2, b"6\0"),
    "details_are_text": (34665, 2, b"a\0"),
    "date_is_bytes": (306, 1, b"\xff\xfe"),
    "unknown": (65000, 16, bytes(8)),
}


def tiff_with(tag, kind, data):
    """A TIFF of 13 x 11 with one tag as given."""
    size = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 11: 4, 12: 8, 16: 8}[kind]
    pixels = picture().tobytes()
    tags = {256: (4, 13), 257: (4, 11), 259: (3, 1), 262: (3, 2), 273: (4, 0), 277: (3, 3)}
    tags |= {278: (4, 11), 279: (4, len(pixels)), 258: (3, 0), tag: (kind, 0)}
    bits = 8 + 2 + 12 * len(tags) + 4
    place = bits + 6
    start = place + len(data) + len(data) % 2
    tags[273] = (4, start)
    lines = b""
    for number in sorted(tags):
        own, value = tags[number]
        if number == tag:
            value = struct.pack("<I", place) if len(data) > 4 else data.ljust(4, b"\0")
            lines += struct.pack("<HHI", number, kind, len(data) // size) + value
        elif number == 258:
            lines += struct.pack("<HHII", number, own, 3, bits)
        else:
            lines += struct.pack("<HHII", number, own, 1, value)
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + lines + bytes(4)
    return head + struct.pack("<3H", 8, 8, 8) + data + bytes(len(data) % 2) + pixels


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("name", BAD_TAGS)
def test_bad_tags_of_a_tiff_stop_no_picture(upscaler, tmp_path, name, target):
    path = tmp_path / "photo.tif"
    path.write_bytes(tiff_with(*BAD_TAGS[name]))
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        out = upscaler(path, tmp_path / f"out.{target}")
    with Image.open(out) as image:
        assert image.size == (26, 22)
        if name == "text_not_ascii" and target in ("jpg", "png", "webp", "tif", "avif"):
            assert image.getexif()[315].encode("latin-1") == COPYRIGHT


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no profile",
        srgb()[:100],
        srgb()[:-200],
        bytes(4000),
        srgb().replace(b"acsp", b"xxxx"),
    ],
    ids=["empty", "text", "head", "cut", "zeros", "unsigned"],
)
def test_damaged_profiles_are_left_out(upscaler, tmp_path, data, target):
    path = tmp_path / "photo.jpg"
    segment = b"ICC_PROFILE\0\1\1" + data
    path.write_bytes(jpeg_segment(saved(photograph(), "JPEG"), 0xE2, segment))
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        out = upscaler(path, tmp_path / f"out.{target}")
    assert "icc_profile" not in Image.open(out).info


@pytest.mark.parametrize("lossless", [True, False], ids=["lossless", "lossy"])
@pytest.mark.parametrize("cut", [1, 20, 200])
def test_webp_cut_off_within_its_metadata_is_read(upscaler, tmp_path, cut, lossless):
    exif = Image.Exif()
    exif[270] = "x" * 300
    whole, path = tmp_path / "whole.webp", tmp_path / "cut.webp"
    Image.fromarray(picture()).save(whole, exif=exif, lossless=lossless)
    path.write_bytes(whole.read_bytes()[:-cut])
    with pytest.warns(UserWarning, match="EXIF"):
        out = upscaler(path, tmp_path / "out.png")
    with Image.open(out) as image, Image.open(upscaler(whole, tmp_path / "w.png")) as same:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(same))


def test_metadata_too_large_for_jpeg_is_left_out_with_one_note(upscaler, tmp_path):
    path = tmp_path / "photo.png"
    made = exif()
    made.get_ifd(0x8769)[0x9286] = bytes(90_000)
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", XMP.format(f'xmp:Label="{"x" * 90_000}"'))
    photograph().save(path, exif=made, pnginfo=info)
    with pytest.warns(UserWarning, match="photo.png.*EXIF.*XMP") as told:
        out = upscaler(path, tmp_path / "out.jpg")
    assert len(told) == 1
    assert Image.open(out).size == (26, 22)


@pytest.mark.parametrize("name", BAD_EXIF)
def test_bad_exif_stops_no_pillow_image(upscaler, name):
    content = jpeg_segment(saved(photograph(), "JPEG"), 0xE1, b"Exif\0\0" + BAD_EXIF[name])
    assert upscaler(Image.open(io.BytesIO(content))).size == (26, 22)
