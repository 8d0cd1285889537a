"""Every kind of file a folder of photographs may hold, against pixels known beforehand."""

import concurrent.futures
import struct
import warnings
import zlib

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from keras_secn.data.images import find_images, read_image
from keras_secn.utils.errors import UserError


def picture(height=20, width=28):
    """Smooth, so that lossy formats stay close; no symmetry, so that a wrong turn shows."""
    y, x = np.mgrid[:height, :width]
    channels = [255 * x / (width - 1), 255 * y / (height - 1), 100 + 4 * x - 3 * y]
    return np.clip(np.stack(channels, axis=-1), 0, 255).round().astype(np.uint8)


def save(array, path, mode=None, **options):
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def write_png(path, samples, color_type):
    """A 16-bit PNG (ISO 15948), a kind that Pillow cannot write."""

    def chunk(kind, data):
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


def one_line(error):
    text = str(error.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "TIFF", "webp"])
def test_lossless_formats_are_exact(tmp_path, suffix):
    path = save(picture(), tmp_path / f"a.{suffix}", lossless=True)
    image = read_image(path)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, picture())


@pytest.mark.parametrize("suffix", ["jpg", "JPEG", "webp"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_lossy_formats_are_close(tmp_path, suffix, mode):
    path = save(picture(), tmp_path / f"a.{suffix}", mode, quality=95)
    expected = np.asarray(Image.fromarray(picture()).convert(mode).convert("RGB"), dtype=float)
    assert np.abs(read_image(path) - expected).mean() < 3


@settings(max_examples=25, deadline=None)
@given(hnp.arrays(np.uint8, st.tuples(*[st.integers(1, 9)] * 2, st.just(3))))
def test_any_rgb_png_comes_back(tmp_path_factory, array):
    path = save(array, tmp_path_factory.mktemp("png") / "a.png")
    np.testing.assert_array_equal(read_image(path), array)


def test_gray_becomes_three_equal_channels(tmp_path):
    gray = picture()[..., 2]
    image = read_image(save(gray, tmp_path / "a.png"))
    np.testing.assert_array_equal(image, np.stack([gray] * 3, axis=-1))


def test_one_bit(tmp_path):
    bits = picture()[..., 0] > 100
    image = read_image(save(bits, tmp_path / "a.png"))
    np.testing.assert_array_equal(image, np.stack([bits * np.uint8(255)] * 3, axis=-1))


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_alpha_is_laid_on_white(tmp_path, suffix):
    alpha = np.linspace(0, 255, 28).round().astype(np.uint8)[None].repeat(20, axis=0)
    path = save(np.dstack([picture(), alpha]), tmp_path / f"a.{suffix}", lossless=True, exact=True)
    share = alpha[..., None] / 255
    expected = share * picture() + (1 - share) * 255
    assert np.abs(read_image(path) - expected).max() <= 1


def test_gray_with_alpha(tmp_path):
    gray = np.dstack([picture()[..., 0], np.full((20, 28), 51, np.uint8)])
    expected = 0.2 * picture()[..., :1] + 0.8 * 255
    assert np.abs(read_image(save(gray, tmp_path / "a.png")) - expected).max() <= 1


def test_palette(tmp_path):
    image = Image.fromarray(picture()).quantize(16)
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["P", "RGB", "L"])
def test_transparent_color_becomes_white(tmp_path, mode):
    array = np.zeros((4, 6), np.uint8)
    array[:, 3:] = 1
    if mode == "P":
        image, key = Image.fromarray(array), 1
        image.putpalette([10, 20, 30, 40, 50, 60])
        kept = [10, 20, 30]
    elif mode == "L":
        image, key, kept = Image.fromarray(array + 7), 8, [7, 7, 7]
    else:
        image = Image.fromarray(np.stack([array * 5] * 3, axis=-1))
        key, kept = (5, 5, 5), [0, 0, 0]
    image.save(tmp_path / "a.png", transparency=key)
    expected = np.full((4, 6, 3), 255)
    expected[:, :3] = kept
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), expected)


@pytest.mark.parametrize("suffix", ["tif", "jpg"])
def test_cmyk(tmp_path, suffix):
    path = save(picture(), tmp_path / f"a.{suffix}", "CMYK", quality=95)
    assert np.abs(read_image(path) - picture().astype(float)).mean() < 3


@pytest.mark.parametrize("kind", ["gray.png", "rgb.png", "gray.tif", "rgb.tif", "big_endian.tif"])
def test_16_bits_are_scaled_not_clipped(tmp_path, kind):
    deep = picture().astype(np.uint16) * 257 // 3  # a third as bright, so clipping would show
    deep[0, 0], deep[0, 1] = 65535, 0
    if kind.startswith("gray"):
        deep = deep[..., 0]
    path = tmp_path / kind
    if kind.endswith(".png"):
        write_png(path, deep, color_type=0 if deep.ndim == 2 else 2)
    else:
        byteorder = ">" if kind.startswith("big") else "<"
        photometric = "minisblack" if deep.ndim == 2 else "rgb"
        tifffile.imwrite(path, deep, photometric=photometric, byteorder=byteorder)
    expected = (deep / 257).reshape(20, 28, -1)
    image = read_image(path)
    assert image.shape == (20, 28, 3)
    assert np.abs(image - expected).max() <= 1  # Pillow truncates colors, we round gray
    assert image[0, 0].tolist() == [255] * 3 and image[0, 1].tolist() == [0] * 3


# EXIF 2.3, table "Orientation": where the stored row 0 and column 0 are in the upright picture
ORIENTATIONS = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_exif_orientation(tmp_path, orientation, suffix):
    upright, sides = picture(), ORIENTATIONS[orientation]
    stored = upright
    if "bottom" in sides:
        stored = stored[::-1]
    if "right" in sides:
        stored = stored[:, ::-1]
    if sides[0] in ("left", "right"):
        stored = stored.swapaxes(0, 1)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(np.ascontiguousarray(stored), tmp_path / f"a.{suffix}", exif=exif, lossless=True)
    np.testing.assert_array_equal(read_image(path), upright)


def test_orientation_of_a_jpeg(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(np.rot90(picture()).copy(), tmp_path / "a.jpg", exif=exif, quality=95)
    assert np.abs(read_image(path) - picture().astype(float)).mean() < 3


def test_images_are_found_below_a_folder(tmp_path):
    for name in ("b.PNG", "a/c.jpg", "a/b/d.TIFF", "e.webp", "f.bmp"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in (".hidden.png", ".thumbnails/x.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in find_images(str(tmp_path))]
    assert found == ["a/b/d.TIFF", "a/c.jpg", "b.PNG", "e.webp", "f.bmp"]
    assert find_images(tmp_path / "b.PNG") == [tmp_path / "b.PNG"]


def test_folder_without_images(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(UserError, match="no images in") as error:
        find_images(tmp_path)
    assert str(tmp_path) in one_line(error)
    with pytest.raises(UserError, match="no such folder"):
        find_images(tmp_path / "missing")


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tif"])
def test_truncated_files_are_refused(tmp_path, suffix):
    path = save(np.tile(picture(), (5, 5, 1)), tmp_path / f"cut.{suffix}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=f"cut.{suffix}") as error:
        read_image(path)
    one_line(error)


@pytest.mark.parametrize("content", [b"", b"only text\n", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_files_that_are_no_images_are_refused(tmp_path, content):
    path = tmp_path / "fake.jpg"
    path.write_bytes(content)
    with pytest.raises(UserError, match="fake.jpg") as error:
        read_image(path)
    one_line(error)


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match=r"gone.png: No such file"):
        read_image(tmp_path / "gone.png")


@pytest.mark.parametrize("limit", [400, 200])  # Pillow warns above the limit, raises at twice
def test_decompression_bomb(tmp_path, monkeypatch, limit):
    path = save(picture(), tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(UserError, match="bomb.png: too many pixels") as error:
        read_image(path)
    one_line(error)


def test_samples_without_agreed_white_are_refused(tmp_path):
    save(picture()[..., 0].astype(np.float32), tmp_path / "float.tif")
    save(picture()[..., 0].astype(np.int32), tmp_path / "int.tif")
    save(picture(), tmp_path / "lab.tif", "LAB")
    planes = np.moveaxis(picture().astype(np.uint16), -1, 0)
    for name, compression in (("planes.tif", None), ("deflated.tif", "deflate")):
        tifffile.imwrite(
            tmp_path / name,
            planes,
            photometric="rgb",
            planarconfig="separate",
            compression=compression,
        )
    for path in find_images(tmp_path):
        with pytest.raises(UserError, match=path.name) as error:
            read_image(path)
        assert "save it" in one_line(error)


def test_reading_in_threads_leaves_warnings_alone(tmp_path):
    path = save(picture(), tmp_path / "a.png")
    before = list(warnings.filters)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda _: read_image(path), range(200)))
    assert warnings.filters == before
    assert all(np.array_equal(image, picture()) for image in images)
