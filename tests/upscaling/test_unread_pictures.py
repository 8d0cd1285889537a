"""What is not read is refused by its name: other formats, videos, samples, cut files, pipes."""

import struct

import imagecodecs
import numpy as np
import pytest
import tifffile
from depths import deep, read, sample

from keras_secn.upscaling.io.read import read_header
from keras_secn.utils.errors import UserError


def test_a_16_bit_png_that_is_cut_off(tmp_path):
    noise = np.random.default_rng(0).integers(0, 65536, (40, 40, 3), np.uint16)
    content = imagecodecs.png_encode(noise)
    for keep in (0.2, 0.6, 0.9):
        path = tmp_path / "a.png"
        path.write_bytes(content[: int(keep * len(content))])
        with pytest.raises(UserError, match="a.png: "):
            read(path)


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40)
SIGNED = {
    "HEIC": HEIC,
    "JPEG XL": b"\xff\x0a" + bytes(40),
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n",
}
SIGNED |= {"JPEG XL ": b"\0\0\0\x0cJXL \r\n\x87\n", "PDF": b"%PDF-1.7\n", "SVG": b"<svg xmlns=''>"}
SIGNED |= {"PSD": b"8BPS\0\1" + bytes(40), "MNG": b"\x8aMNG\r\n\x1a\n", "GIMP": b"gimp xcf file"}
SIGNED |= {
    "PPM": b"P6\n1 1\n255\nabc",
    "PFM": b"PF\n1 1\n-1\n",
    "PCX": b"\x0a\5\1\x08" + bytes(124),
}
SIGNED |= {
    "TGA": bytes(60) + b"TRUEVISION-XFILE.\0",
    "DICOM": bytes(128) + b"DICM",
    "FITS": b"SIMPLE  = ",
}
SIGNED |= {
    "SVG ": b"\xef\xbb\xbf<?xml version='1.0'?>\n<svg xmlns=''/>",
    "BPG": b"BPG\xfb" + bytes(40),
}
SIGNED |= {
    "raw": b"II*\0\x10\0\0\0CR\2\0" + bytes(40),
    "raw ": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
}
SIGNED |= {"raw  ": b"FUJIFILMCCD-RAW 0201", "raw   ": b"IIRO\x08\0\0\0" + bytes(40)}
SIGNED |= {"CgBI": b"\x89PNG\r\n\x1a\n\0\0\0\4CgBI\x50\0\x20\2" + bytes(40)}
NO_PICTURES = {
    "Windows Media": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
    "transport stream": (b"G" + bytes(187)) * 3,
    "MPEG": b"\0\0\1\xba" + bytes(40),
    "Flash": b"FLV\1\5" + bytes(40),
    "Matroska": b"\x1aE\xdf\xa3" + bytes(40),
    "AVI": b"RIFF\0\0\0\0AVI LIST",
    "MP4": b"\0\0\0\x18ftypisom\0\0\2\0isomiso2",
    "Ogg": b"OggS\0\2" + bytes(40),
    "web page": b"\n<!DOCTYPE html><html>",
    "git lfs pull": b"version https://git-lfs.github.com/spec/v1\noid sha256:0",
}


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
@pytest.mark.parametrize("name", SIGNED)
def test_other_formats_are_named(tmp_path, name, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(SIGNED[name])
    with pytest.raises(UserError, match=f"a.{suffix}: .*{name.strip()}.* is not read; save it as"):
        read_header(path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "wmv", "ts"])
@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_picture_is_named(tmp_path, name, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(NO_PICTURES[name])
    with pytest.raises(UserError, match=f"a.{suffix}: .*{name}.*"):
        read_header(path)


BELOW = 65330  # stands for 330, the tag of pages below a page
REFUSED = {
    "float": (lambda: np.ones((4, 4), np.float32), {}, "float samples"),
    "half": (lambda: np.ones((4, 4), np.float16), {}, "float samples"),
    "uint32": (lambda: np.ones((4, 4), np.uint32), {}, "32-bit samples"),
    "int16": (lambda: np.ones((4, 4), np.int16), {}, "signed"),
    "five": (
        lambda: np.ones((4, 4, 5), np.uint8),
        {"photometric": "rgb", "planarconfig": "contig"},
        "5 samples",
    ),
    "five_deep": (
        lambda: np.ones((4, 4, 5), np.uint16),
        {"photometric": "rgb", "planarconfig": "contig"},
        "5 samples",
    ),
    "cmyk and alpha": (
        lambda: np.ones((4, 4, 5), np.uint8),
        {"photometric": "separated", "planarconfig": "contig"},
        "5 samples",
    ),
    "camera": (
        lambda: np.ones((4, 4, 3), np.uint8),
        {"photometric": "rgb", "subfiletype": 1, "extratags": [(BELOW, 4, 1, 8, True)]},
        "camera's raw file",
    ),
    "lab": (lambda: np.ones((4, 4, 3), np.uint16), {"photometric": "cielab"}, "LAB"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_samples_are_refused_by_their_name(tmp_path, name):
    make, options, reason = REFUSED[name]
    tifffile.imwrite(tmp_path / "a.tif", make(), **options)
    # tifffile leaves out a tag 330 that is not its own
    content = (tmp_path / "a.tif").read_bytes()
    content = content.replace(struct.pack("<H", BELOW), struct.pack("<H", 330))
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(UserError, match=f"a.tif: .*{reason}.*save it"):
        read_header(tmp_path / "a.tif")


def test_jpeg_of_12_bits_is_refused_by_its_name(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(imagecodecs.jpeg_encode(deep(sample(1))[..., 0] >> 4, bitspersample=12))
    with pytest.raises(UserError, match="a.jpg: JPEG of 12 bits is not read"):
        read_header(path)


def test_a_named_pipe_is_refused(tmp_path):
    import os

    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(UserError, match="a.png: not a regular file"):
        read_header(tmp_path / "a.png")
