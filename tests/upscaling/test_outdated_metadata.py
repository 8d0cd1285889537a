"""Metadata that would be false of the result: turned, scaled or gone."""

import itertools
import struct

import numpy as np
import pytest
from described_files import (
    IPTC,
    WITH_EXIF,
    XMP,
    exif,
    jpeg_segment,
    photograph,
    png_with,
    raw_profile,
    saved,
    tiff_block,
)
from odd_files import picture
from PIL import Image, PngImagePlugin
from PIL.TiffImagePlugin import IFDRational

from keras_secn.upscaling.upscaler import Upscaler


@pytest.fixture(scope="module")
def upscaler():
    return Upscaler("pocket_secn_s", threads=1)


@pytest.mark.parametrize(
    ("suffix", "own", "other", "target"),
    [
        # each pair of orientations in each format that is read, likewise
        (suffix, own, other, WITH_EXIF[(row + column) % len(WITH_EXIF)])
        for row, (own, other) in enumerate(itertools.product([None, 1, 3, 6], [1, 6]))
        for column, suffix in enumerate(WITH_EXIF)
    ],
)
def test_orientations_agree(upscaler, tmp_path, suffix, own, other, target):
    path = tmp_path / f"photo.{suffix}"
    xmp = XMP.format(f'tiff:Orientation="{other}"')
    made = Image.Exif()
    if own is not None:
        made[0x0112] = own
    options = {"exif": made}
    if suffix == "png":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp)
    elif suffix == "tif":
        made[700] = xmp.encode()
    else:
        options["xmp"] = xmp.encode()
    photograph().save(path, **options)
    with Image.open(upscaler(path, tmp_path / f"out.{target}")) as image:
        # EXIF alone says how it lies, as in browsers
        assert image.size == ((22, 26) if own == 6 else (26, 22))
        assert image.getexif().get(0x0112, 1) == 1
        assert b'tiff:Orientation="1"' in image.info["xmp"]


FALSE_NOW = {
    "gain_map": 'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"',
    "apple": 'xmlns:a="http://ns.apple.com/HDRGainMap/1.0/" a:HDRGainMapVersion="131072"',
    "depth": 'xmlns:d="http://ns.google.com/photos/1.0/depthmap/" d:Format="RangeLinear"',
    "motion": 'xmlns:g="http://ns.google.com/photos/1.0/camera/" g:MotionPhoto="1"',
    "extension": 'xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="0123"',
    "format": 'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/heic"',
    "crop": 'xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" crs:CropWidth="13"',
    "area": 'xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:SubjectArea="5 5 2 2"',
}


@pytest.mark.parametrize("target", WITH_EXIF)
@pytest.mark.parametrize("name", FALSE_NOW)
def test_xmp_of_what_is_gone(upscaler, tmp_path, name, target):
    path = tmp_path / "photo.jpg"
    photograph().save(path, xmp=XMP.format(FALSE_NOW[name]).encode())
    with Image.open(upscaler(path, tmp_path / f"out.{target}")) as image:
        xmp = image.info["xmp"].decode()
    attribute = FALSE_NOW[name].split()[1].split("=")[0]
    assert attribute not in xmp and "Rating" in xmp


@pytest.mark.parametrize("target", ["jpg", "png", "tif"])
def test_sizes_in_pixels_follow_the_picture(upscaler, tmp_path, target):
    path = tmp_path / "photo.jpg"
    xmp = XMP.format(
        'xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:PixelXDimension="13" tiff:ImageLength="11"'
        ' xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" GPano:FullPanoWidthPixels="13"'
        ' GPano:CroppedAreaTopPixels="3"'
    ).replace(
        'xmp:Rating="4"/>',
        'xmp:Rating="4"><mwg-rs:Regions'
        ' xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"'
        ' xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" rdf:parseType="Resource">'
        '<mwg-rs:AppliedToDimensions stDim:w="13" stDim:h="11" stDim:unit="pixel"/>'
        "</mwg-rs:Regions></rdf:Description>",
    )
    made = exif()
    made.get_ifd(0x8769).update({0x9214: (5, 4, 3, 2), 0xA20E: IFDRational(100)})
    photograph().save(path, xmp=xmp.encode(), exif=made)
    with Image.open(upscaler(path, tmp_path / f"out.{target}")) as image:
        found, details = image.info["xmp"].decode(), image.getexif().get_ifd(0x8769)
    for text in ('PixelXDimension="26"', 'ImageLength="22"', 'FullPanoWidthPixels="26"'):
        assert text in found
    assert 'TopPixels="6"' in found and 'stDim:w="26"' in found and 'stDim:h="22"' in found
    assert (details[0xA002], details[0xA003]) == (26, 22)
    assert details[0x9214] == (10, 8, 6, 4) and details[0xA20E] == 200


def test_regions_of_a_turned_picture_are_gone(upscaler, tmp_path):
    path = tmp_path / "photo.jpg"
    made = exif()
    made[0x0112] = 6
    made.get_ifd(0x8769)[0x9214] = (5, 4, 3, 2)
    xmp = XMP.format(
        'xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" mwg-rs:Regions="x"'
    )
    photograph().save(path, exif=made, xmp=xmp.encode())
    with Image.open(upscaler(path, tmp_path / "out.jpg")) as image:
        details = image.getexif().get_ifd(0x8769)
        assert image.size == (22, 26) and (details[0xA002], details[0xA003]) == (22, 26)
        assert 0x9214 not in details and b"Regions=" not in image.info["xmp"]


@pytest.mark.parametrize("target", WITH_EXIF)
def test_thumbnails_and_previews_are_gone(upscaler, tmp_path, target):
    path = tmp_path / "photo.jpg"
    thumbnail = saved(photograph(), "JPEG")
    block = b"II*\0\x08\0\0\0" + struct.pack("<HHHI4sI", 1, 0x0110, 2, 2, b"X\0\0\0", 26)
    block += struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(thumbnail), 0)
    content = jpeg_segment(saved(photograph(), "JPEG"), 0xE1, b"Exif\0\0" + block + thumbnail)
    # a camera's second picture (MPF)
    path.write_bytes(jpeg_segment(content, 0xE2, b"MPF\0" + tiff_block((0xB000, 7, 4, b"0100"))))
    out = upscaler(path, tmp_path / f"out.{target}")
    with Image.open(out) as image:
        assert image.getexif()[0x0110] == "X" and not image.getexif().get_ifd(1)
    assert b"MPF\0" not in out.read_bytes() and thumbnail not in out.read_bytes()


@pytest.mark.parametrize("target", ["png", "jpg", "tif"])
def test_raw_profiles_in_texts_apply_once(upscaler, tmp_path, target):
    path = tmp_path / "photo.png"
    turned = b"Exif\0\0" + tiff_block((0x0112, 3, 1, b"\6\0\0\0"), (0x0110, 2, 2, b"X\0\0\0"))
    xmp = XMP.format('tiff:Orientation="6"').encode()
    chunks = raw_profile(b"exif", turned), raw_profile(b"xmp", xmp), raw_profile(b"iptc", IPTC)
    path.write_bytes(png_with(saved(photograph(), "PNG"), *chunks))
    out = upscaler(path, tmp_path / f"out.{target}")
    with Image.open(out) as image:
        image.load()
        assert image.size == (22, 26) and image.getexif()[0x0110] == "X"
        assert image.getexif().get(0x0112, 1) == 1
        assert b'Orientation="1"' in image.info["xmp"]
        assert not {"Raw profile type exif", "Raw profile type xmp"} & set(
            getattr(image, "text", ())
        )
    # and what was made of it is read the same way
    with Image.open(upscaler(out, tmp_path / f"twice.{target}")) as image:
        assert image.size == (44, 52)


@pytest.mark.parametrize("target", WITH_EXIF)
def test_descriptions_of_a_tiffs_arrays_are_gone(upscaler, tmp_path, target):
    import tifffile

    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, picture(), photometric="rgb", metadata={"axes": "YXS"})
    with Image.open(upscaler(path, tmp_path / f"out.{target}")) as image:
        assert 0x010E not in image.getexif()


@pytest.mark.parametrize("target", ["jpg", "png", "webp", "tif", "avif"])
@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_what_speaks_of_converted_colors_is_gone(upscaler, tmp_path, suffix, target):
    path = tmp_path / f"photo.{suffix}"
    made = exif()
    made.get_ifd(0x8769)[0xA001] = 65535
    names = 'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:ColorMode="4"'
    packet = XMP.format(f'{names} photoshop:ICCProfile="U.S. Web Coated" photoshop:City="Ulm"')
    if suffix == "tif":
        made[700] = packet.encode()
        made[0x8769] = dict(made.get_ifd(0x8769))
    options = {"xmp": packet.encode()} if suffix == "jpg" else {}
    photograph("CMYK").save(path, exif=made, **options)
    with Image.open(upscaler(path, tmp_path / f"out.{target}")) as image:
        kept = image.info["xmp"]
        assert 0xA001 not in image.getexif().get_ifd(0x8769)
    assert b"City" in kept and b"ColorMode" not in kept and b"ICCProfile" not in kept


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "avif"])
@pytest.mark.parametrize("own", [None, 1, 3, 6, 8])
@pytest.mark.parametrize("other", [None, 1, 6])
def test_pillow_images_are_turned_as_files_are(upscaler, tmp_path, suffix, own, other):
    made = exif()
    if own:
        made[0x0112] = own
    packet = XMP.format(f'tiff:Orientation="{other}"' if other else "").encode()
    options = {"xmp": packet} if suffix in ("jpg", "webp", "avif") else {}
    if suffix == "tif":
        made[700] = packet
    if suffix == "png":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", packet.decode())
    path = tmp_path / f"photo.{suffix}"
    photograph().save(path, exif=made, **options)
    of_file = Image.open(upscaler(path, tmp_path / "out.png"))
    with Image.open(path) as image:
        result, shown = upscaler(image), np.asarray(image)
    if suffix == "tif" and own is None and other == 6:
        of_file = upscaler(shown)  # Pillow itself has turned it by XMP
    np.testing.assert_array_equal(np.asarray(result), np.asarray(of_file))
    if suffix == "tif":
        return  # Pillow keeps no EXIF of a TIFF where it could be handed on
    kept = Image.Exif()
    kept.load(result.info["exif"])
    assert kept.get(0x0112, 1) == 1 and kept.get_ifd(0x8769)[0xA002] == result.width
    assert b'tiff:Orientation="6"' not in result.info["xmp"]
