"""One reader for 8 and 16 bits: the same picture in both depths gives equal pixels."""

import struct
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from odd_files import picture
from PIL import Image

from keras_secn.upscaling.depth import to_eight_bit
from keras_secn.upscaling.io.read import read_frames, read_header
from keras_secn.upscaling.upscaler import Upscaler
from keras_secn.utils.errors import UserError

COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
ALPHA = np.tile(np.array([0, 51, 102, 255, 204, 153], np.uint8), 30)[: 11 * 13].reshape(11, 13, 1)


def sample(channels):
    """A picture of 8 bits, with all kinds of alpha if there is one."""
    pixels = picture(channels=3 if channels > 2 else 1)
    return np.concatenate([pixels, ALPHA], axis=2) if channels in (2, 4) else pixels


def deep(pixels):
    return pixels.astype(np.uint16) * 257


def read(path):
    return next(read_frames(read_header(path))).pixels


def png(path, pixels, *chunks):
    """A PNG by the specification, of any depth; Pillow writes 8 bits only."""

    def chunk(name, data):
        checksum = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)

    height, width, channels = pixels.shape
    bits = 8 * pixels.dtype.itemsize
    head = struct.pack(">IIBBBBB", width, height, bits, COLOR_TYPES[channels], 0, 0, 0)
    rows = pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
    step = len(rows) // height
    rows = b"".join(b"\0" + rows[place : place + step] for place in range(0, len(rows), step))
    made = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in made))


def same_in_both(shallow, large, expected):
    """8 bits as expected, and 16 bits the same: white is white, within rounding."""
    assert shallow.dtype == np.uint8 and large.dtype == np.uint16
    np.testing.assert_array_equal(shallow, expected)
    assert np.abs(large / 257 - expected).max() <= 0.5
    np.testing.assert_array_equal(to_eight_bit(large), expected)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png(tmp_path, channels):
    pixels = sample(channels)
    png(tmp_path / "8.png", pixels)
    png(tmp_path / "16.png", deep(pixels))
    same_in_both(read(tmp_path / "8.png"), read(tmp_path / "16.png"), pixels)


@pytest.mark.parametrize("channels", [1, 3])
def test_color_keys_of_png(tmp_path, channels):
    pixels = sample(channels)
    key = pixels[3, 4]
    for bits, stored in ((8, pixels), (16, deep(pixels))):
        data = stored[3, 4].astype(">u2").tobytes()
        png(tmp_path / f"{bits}.png", stored, (b"tRNS", data))
    clear = (pixels == key).all(axis=2, keepdims=True)
    assert clear.any() and not clear.all()
    expected = np.concatenate([pixels, np.where(clear, 0, 255).astype(np.uint8)], axis=2)
    same_in_both(read(tmp_path / "8.png"), read(tmp_path / "16.png"), expected)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_color_keys_of_few_bits(tmp_path, bits):
    values = (np.arange(64).reshape(8, 8) % 2**bits).astype(np.uint8)
    # no library writes these: rows packed by hand
    packed = np.packbits(
        np.unpackbits(values[..., None], axis=2)[..., 8 - bits :].reshape(8, -1), 1
    )
    rows = b"".join(b"\0" + row.tobytes() for row in packed)

    def chunk(name, data):
        checksum = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + checksum

    made = [(b"IHDR", struct.pack(">IIBBBBB", 8, 8, bits, 0, 0, 0, 0)), (b"tRNS", b"\0\1")]
    made += [(b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in made))
    found = read(path)
    np.testing.assert_array_equal(found[..., 0], values * (255 // (2**bits - 1)))
    np.testing.assert_array_equal(found[..., 1], np.where(values == 1, 0, 255))


def tiff_options(channels):
    return {
        "photometric": "rgb" if channels > 2 else "minisblack",
        "extrasamples": ["unassalpha"] if channels in (2, 4) else None,
        "planarconfig": "contig" if channels > 1 else None,
        "metadata": None,
    }


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "lzw", "adobe_deflate", "packbits"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_tiff(tmp_path, channels, compression, order):
    pixels = sample(channels)
    for bits, stored in ((8, pixels), (16, deep(pixels))):
        stored = stored[..., 0] if channels == 1 else stored
        options = tiff_options(channels) | {"compression": compression, "byteorder": order}
        tifffile.imwrite(tmp_path / f"{bits}.tif", stored, **options)
    same_in_both(read(tmp_path / "8.tif"), read(tmp_path / "16.tif"), pixels)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("layout", [{"tile": (16, 16)}, {"rowsperstrip": 3}])
@pytest.mark.parametrize("channels", [3, 4])
def test_planes_of_tiff(tmp_path, channels, layout, big):
    pixels = sample(channels)
    for bits, stored in ((8, pixels), (16, deep(pixels))):
        options = tiff_options(channels) | {"planarconfig": "separate", "bigtiff": big} | layout
        tifffile.imwrite(tmp_path / f"{bits}.tif", np.moveaxis(stored, -1, 0), **options)
    same_in_both(read(tmp_path / "8.tif"), read(tmp_path / "16.tif"), pixels)


@pytest.mark.parametrize("channels", [2, 4])
def test_premultiplied_alpha_of_tiff(tmp_path, channels):
    pixels = sample(channels)
    alpha = pixels[..., -1:] / 255
    for bits, white in ((8, 255), (16, 65535)):
        stored = np.concatenate([pixels[..., :-1] / 255 * alpha, alpha], axis=2) * white
        stored = np.floor(stored + 0.5).astype(f"u{bits // 8}")
        options = tiff_options(channels) | {"extrasamples": ["assocalpha"]}
        tifffile.imwrite(tmp_path / f"{bits}.tif", stored, **options)
    shallow, large = read(tmp_path / "8.tif"), read(tmp_path / "16.tif")
    shown = pixels[..., -1] > 0
    expected = pixels[shown].astype(float)
    # what was multiplied by 51 / 255 in 8 bits comes back within two and a half gray levels
    assert np.abs(shallow[shown] - expected).max() <= 2.5
    assert np.abs(large[shown] / 257 - expected).max() <= 0.02
    assert shallow.dtype == np.uint8 and large.dtype == np.uint16
    np.testing.assert_array_equal(shallow[..., -1], pixels[..., -1])
    np.testing.assert_array_equal(large[..., -1], deep(pixels)[..., -1])


def test_white_is_zero(tmp_path):
    pixels = sample(1)
    for bits, stored in ((8, pixels), (16, deep(pixels))):
        inverted = np.iinfo(stored.dtype).max - stored[..., 0]
        tifffile.imwrite(tmp_path / f"{bits}.tif", inverted, photometric="miniswhite")
    same_in_both(read(tmp_path / "8.tif"), read(tmp_path / "16.tif"), pixels)


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
@pytest.mark.parametrize("bits", [9, 10, 12, 14])
def test_grays_of_odd_depths(tmp_path, bits, photometric):
    white = 2**bits - 1
    stored = np.linspace(0, white, 11 * 13).round().astype(np.uint16).reshape(11, 13)
    shown = stored if photometric == "minisblack" else white - stored
    tifffile.imwrite(tmp_path / "a.tif", shown, photometric=photometric, bitspersample=bits)
    found = read(tmp_path / "a.tif")
    assert found.min() == 0 and found.max() == 65535
    assert np.abs(found[..., 0] / 65535 - stored / white).max() < 1e-5


def test_palettes(tmp_path):
    image = Image.fromarray(sample(3)).quantize(16)
    expected = np.asarray(image.convert("RGB"))
    for suffix in ("png", "tif", "gif", "bmp"):
        image.save(tmp_path / f"a.{suffix}")
        np.testing.assert_array_equal(read(tmp_path / f"a.{suffix}"), expected)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_is_written_is_read_and_turned_alike(tmp_path, channels, suffix, orientation):
    upscaler = Upscaler("pocket_secn_s", threads=1)
    pixels = deep(sample(channels))
    path = tmp_path / f"a.{suffix}"
    if suffix == "png":
        block = b"II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
        png(path, pixels, (b"eXIf", block))
    else:
        stored = pixels[..., 0] if channels == 1 else pixels
        tags = [(0x0112, 3, 1, orientation, True)]
        tifffile.imwrite(path, stored, extratags=tags, **tiff_options(channels))
    turned = read(path)
    assert turned.shape == ((13, 11, channels) if orientation > 4 else (11, 13, channels))
    back = Image.fromarray(to_eight_bit(pixels)[..., 0])
    back.getexif()[0x0112] = orientation
    from PIL import ImageOps

    np.testing.assert_array_equal(
        to_eight_bit(turned)[..., 0], np.asarray(ImageOps.exif_transpose(back))
    )
    if orientation in (1, 6):
        again = read(upscaler(path, tmp_path / f"out.{suffix}"))
        expected = np.concatenate(list(upscaler.bands(turned)))
        np.testing.assert_array_equal(again, expected)


def test_a_16_bit_png_that_is_cut_off(tmp_path):
    noise = np.random.default_rng(0).integers(0, 65536, (40, 40, 3), np.uint16)
    content = imagecodecs.png_encode(noise)
    for keep in (0.2, 0.6, 0.9):
        path = tmp_path / "a.png"
        path.write_bytes(content[: int(keep * len(content))])
        with pytest.raises(UserError, match="a.png: "):
            read(path)


# --- what is not read, and why

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


def _apng(path):
    frame = np.full((6, 6, 3), 0x1234, np.uint16)
    control = struct.pack(">IIIIHHBB", 6, 6, 0, 0, 1, 10, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in frame[::-1]))
    chunks = [(b"acTL", struct.pack(">II", 2, 0)), (b"fcTL", struct.pack(">I", 0) + control)]
    png(path, frame, *chunks)
    end = path.read_bytes()[-12:]
    with open(path, "rb+") as file:
        file.seek(-12, 2)
        for name, content in ((b"fcTL", b"\0\0\0\1" + control), (b"fdAT", b"\0\0\0\2" + data)):
            checksum = zlib.crc32(name + content)
            file.write(struct.pack(">I", len(content)) + name + content)
            file.write(struct.pack(">I", checksum))
        file.write(end)


def _avif(path, bits=10):
    pixels = np.full((16, 16, 3), 1 << bits - 2, np.uint16)
    path.write_bytes(imagecodecs.avif_encode(pixels, bitspersample=bits))


def _cmyk(path):
    pixels = np.full((6, 6, 4), 1000, np.uint16)
    tifffile.imwrite(path, pixels, photometric="separated")


@pytest.mark.parametrize(
    "name, write, bits",
    [
        ("a.png", _apng, 16),
        ("a.avif", _avif, 10),
        ("a.avif", lambda path: _avif(path, 12), 12),
        ("a.tif", _cmyk, 16),
    ],
)
def test_depth_that_is_lost_is_noted(tmp_path, name, write, bits):
    write(tmp_path / name)
    notes = []
    frames = list(read_frames(read_header(tmp_path / name), notes))
    assert frames[0].pixels.dtype == np.uint8
    assert f"depth beyond 8 bits (of {bits})" in notes


def test_depth_that_is_kept_is_not_noted(tmp_path):
    png(tmp_path / "a.png", deep(sample(3)))
    tifffile.imwrite(tmp_path / "a.tif", deep(sample(3)), photometric="rgb")
    for name in ("a.png", "a.tif"):
        notes = []
        assert next(read_frames(read_header(tmp_path / name), notes)).pixels.dtype == np.uint16
        assert not notes
