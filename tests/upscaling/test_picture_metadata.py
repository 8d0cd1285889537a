"""What a file says beside its pixels: every format in, every format out, every field.

What is found in results is read by Pillow, which the writing side does not use for it.
"""

import warnings

import pytest
from described_files import COMMENT, COPYRIGHT, DATE, FORMATS, HOLDS, IPTC, full
from odd_files import srgb
from PIL import Image, IptcImagePlugin

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
