"""What a file says beside its pixels: every format in, every format out, every field.

What is found in results is read by Pillow, which the writing side does not use for it.
"""

import io
import itertools
import struct
import warnings

import numpy as np
import pytest
from described_files import (
    COMMENT,
    COPYRIGHT,
    DATE,
    FORMATS,
    HOLDS,
    IPTC,
    XMP,
    exif,
    full,
    jpeg_segment,
    photograph,
    png_with,
    raw_profile,
    saved,
)
from odd_files import picture, srgb
from PIL import Image, IptcImagePlugin, PngImagePlugin
from PIL.TiffImagePlugin import IFDRational

from keras_secn.upscaling.upscaler import Upscaler


@pytest.fixture(scope="module")
def upscaler():
    return Upscaler("pocket_secn_s", threads=1)


def fields(path, width=26):
    """The fields of a file that say what they should."""
    with Image.open(path) as image:
        image.load()
        info, tags = image.info, image.getexif()
        details = tags.get_ifd(0x8769)
        xmp = info.get("xmp") or b""
        iptc = IptcImagePlugin.getiptcinfo(image) if image.format in ("JPEG", "TIFF") else None
        texts = getattr(image, "text", {})
        raw = texts.get("Raw profile type iptc", "").split()
        dpi = info.get("dpi") or (tags.get(0x011A), tags.get(0x011B))
        found = {
            "exif": str(tags.get(0x8298)).encode("latin-1") == COPYRIGHT
            and (details.get(0x9003), details.get(0xA002)) == (DATE, width),
            "gps": tags.get_ifd(0x8825).get(1) == "N",
            "xmp": b'xmp:Rating="4"' in xmp,
            "icc": info.get("icc_profile") == srgb(),
            "iptc": iptc == {(2, 5): b"Titel!"} or (raw and bytes.fromhex(raw[2]) == IPTC),
            "dpi": all(value and round(value) == 300 for value in dpi),
            "comment": info.get("comment") == COMMENT or texts.get("Comment") == COMMENT.decode(),
            "text": texts.get("Title") == "Käfer",
        }
    return {field for field, there in found.items() if there}


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("suffix", FORMATS)
def test_every_field_that_the_result_can_hold(upscaler, tmp_path, suffix, target):
    path = tmp_path / f"photo.{suffix}"
    path.write_bytes(full(suffix))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        out = upscaler(path, tmp_path / f"out.{target}")
    assert fields(out) == HOLDS[suffix] & HOLDS[target]
    lost = HOLDS[suffix] - HOLDS[target]
    if "comment" in lost and "exif" in HOLDS[target]:
        # EXIF has a place for it
        assert Image.open(out).getexif()[0x010E] == COMMENT.decode()
        lost -= {"comment"}
    notes = [str(one.message) for one in told if one.category is UserWarning]
    # sRGB needs no profile where there is none
    assert len(notes) == bool(lost - {"icc"})
    assert all(str(path) in note and "\n" not in note for note in notes)


def test_the_files_of_the_table_say_what_they_should(tmp_path):
    for suffix in FORMATS:
        path = tmp_path / f"photo.{suffix}"
        path.write_bytes(full(suffix))
        assert fields(path, 13) == HOLDS[suffix]


# --- what cannot be read or written


def tiff_block(*tags, order="<"):
    """EXIF of raw tags: (tag, type, count, four bytes)."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    lines = b"".join(struct.pack(order + "HHI4s", *tag) for tag in sorted(tags))
    return head + struct.pack(order + "H", len(tags)) + lines + bytes(4)


FLOAT_MAKE = tiff_block((0x010F, 11, 1, struct.pack("<f", 1.5)))
WITH_EXIF = ["jpg", "png", "webp", "tif", "avif"]
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


# --- what would be false now


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


@pytest.mark.parametrize("name", BAD_EXIF)
def test_bad_exif_stops_no_pillow_image(upscaler, name):
    content = jpeg_segment(saved(photograph(), "JPEG"), 0xE1, b"Exif\0\0" + BAD_EXIF[name])
    assert upscaler(Image.open(io.BytesIO(content))).size == (26, 22)
