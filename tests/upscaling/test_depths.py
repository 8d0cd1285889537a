"""One reader for 8 and 16 bits: the same picture in both depths gives equal pixels."""

import struct
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from depths import deep, png, read, same_in_both, sample, tiff_options
from PIL import Image

from keras_secn.upscaling.depth import to_eight_bit
from keras_secn.upscaling.io.read import read_frames, read_header
from keras_secn.upscaling.upscaler import Upscaler


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
