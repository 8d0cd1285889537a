"""Pictures from people one does not know: bounded work, no foreign programs, no picture of junk."""

import struct
import types

import numpy as np
import pytest
import tifffile
from odd_files import picture
from PIL import Image

from keras_secn.data.images import read_image
from keras_secn.upscaling.io.read import read_frames, read_header
from keras_secn.upscaling.io.write import LONGEST, check
from keras_secn.upscaling.target import Target
from keras_secn.upscaling.upscale_file import upscale_file
from keras_secn.utils.errors import UserError

LIMIT = 2000  # pixels, in place of 89 million


class Doubling:
    """Stands for an upscaler: repeats pixels."""

    target = Target(2)
    networks = types.SimpleNamespace(judges=False)

    def __init__(self, error=None):
        self.error = error

    def bands(self, pixels, tick=None, rough=None):
        if self.error:
            raise self.error
        yield pixels.repeat(2, axis=0).repeat(2, axis=1)


@pytest.fixture
def limit(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", LIMIT)


def gif(frames, canvas=(10, 10)):
    """A GIF of one-colored frames: boxes (x, y, width, height)."""
    content = b"GIF89a" + struct.pack("<HHBBB", *canvas, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    for number, (x, y, width, height) in enumerate(frames):
        # LZW without its dictionary: it is cleared (4) before each pixel, and ended by a 5
        codes = [4, number % 2] * (width * height) + [5]
        bits = sum(code << 3 * place for place, code in enumerate(codes))
        data = bits.to_bytes((3 * len(codes) + 7) // 8, "little")
        blocks = (data[place : place + 255] for place in range(0, len(data), 255))
        content += b"!\xf9\4\4\5\0\0\0," + struct.pack("<HHHHB", x, y, width, height, 0) + b"\2"
        content += b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"
    return content + b";"


def error_of(path):
    with pytest.raises(UserError) as error:
        upscale_file(Doubling(), path, path.with_name("out" + path.suffix))
    text = str(error.value)
    assert "\n" not in text and text.startswith(str(path))
    return text


@pytest.mark.parametrize("place", [(0, 5000), (5000, 0), (65530, 65530), (1990, 2)])
@pytest.mark.parametrize("number", [0, 1, 3])
def test_frames_that_enlarge_the_canvas(tmp_path, limit, number, place):
    boxes = [(0, 0, 4, 4)] * 4
    boxes[number] = (*place, 4, 4)
    path = tmp_path / "a.gif"
    path.write_bytes(gif(boxes))
    assert "too many pixels" in error_of(path)


@pytest.mark.parametrize("target", ["gif", "webp", "png", "avif"])
def test_frames_beyond_the_canvas_are_cut(tmp_path, target):
    path = tmp_path / "a.gif"
    path.write_bytes(gif([(0, 0, 10, 10), (5, 5, 9, 9), (6, 6, 2, 30)]))
    out = upscale_file(Doubling(), path, tmp_path / f"out.{target}")
    with Image.open(out) as image:
        assert image.size == (20, 20) and image.n_frames == 3


@pytest.mark.parametrize("target", ["gif", "webp", "png"])
def test_odd_times_stop_no_animation(tmp_path, target):
    # the third frame is as the second: its time is added to that of the second
    content = gif([(0, 0, 10, 10), (2, 2, 5, 5), (1, 1, 2, 2), (2, 2, 5, 5)])
    path = tmp_path / "a.gif"
    path.write_bytes(content.replace(b"!\xf9\4\4\5\0", b"!\xf9\4\4\xff\xff"))
    out = upscale_file(Doubling(), path, tmp_path / f"out.{target}")
    assert Image.open(out).n_frames > 1


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_page_is_checked(tmp_path, limit, number, dtype):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        for index in range(3):
            side = 60 if index == number else 8
            file.write(np.ones((side, side), dtype), compression="zlib", metadata=None)
    assert "too many pixels" in error_of(path)


def test_tiles_larger_than_the_picture(tmp_path, limit):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.ones((8, 8), np.uint8), tile=(64, 64), compression="zlib")
    assert "too many pixels" in error_of(path)


@pytest.mark.parametrize("kind", ["gif", "webp", "png", "avif"])
def test_all_frames_together_are_bounded(tmp_path, limit, kind):
    path = tmp_path / f"a.{kind}"
    frames = [Image.fromarray(picture(40, 40, seed=seed)) for seed in range(4)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=50)
    assert f"in all frames to be safe ({2 * LIMIT})" in error_of(path)


def test_all_pages_together_are_bounded(tmp_path, limit):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        for _ in range(130):
            file.write(np.ones((40, 40), np.uint8), metadata=None)
    assert f"in all pages to be safe ({100 * LIMIT})" in error_of(path)


def test_pages_that_follow_themselves(tmp_path):
    path = tmp_path / "a.tif"
    Image.fromarray(picture()).save(path)
    content = bytearray(path.read_bytes())
    first = struct.unpack("<I", content[4:8])[0]
    count = struct.unpack("<H", content[first : first + 2])[0]
    content[first + 2 + 12 * count :][:4] = b""
    content[first + 2 + 12 * count : first + 6 + 12 * count] = struct.pack("<I", first)
    path.write_bytes(content)
    assert read_header(path).count == 1


def test_smaller_copies_of_a_page_are_left_out(tmp_path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(picture(), photometric="rgb", metadata=None)
        file.write(picture()[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
    out = upscale_file(Doubling(), path, tmp_path / "out.tif")
    assert Image.open(out).n_frames == 1


def test_each_frame_is_decoded_once(tmp_path):
    """A file's bytes are read a bounded number of times, however many frames it has."""
    path = tmp_path / "a.gif"
    rng = np.random.default_rng(0)
    frames = [Image.fromarray(rng.integers(0, 256, (64, 64), np.uint8)) for _ in range(200)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=50)
    source = read_header(path)
    list(read_frames(source))  # what is imported is read as well
    before = _bytes_read()
    assert len(list(read_frames(source))) == source.count > 100
    # Pillow takes 64 KiB at once for each frame
    assert _bytes_read() - before < 10 * path.stat().st_size + 2**17 * source.count


def _bytes_read():
    try:
        with open("/proc/self/io") as file:
            return int(file.readline().split()[1])
    except OSError:
        pytest.skip("/proc/self/io tells what is read")


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "gif"])
@pytest.mark.parametrize("read", [read_image, read_header])
def test_no_foreign_program_is_started(tmp_path, monkeypatch, read, suffix):
    (tmp_path / "gs").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    )
    with pytest.raises(UserError, match=f"a.{suffix}: "):
        read(path)
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("kind", ["PPM", "TGA", "ICO", "PCX", "SGI", "JPEG2000", "DDS", "ICNS"])
@pytest.mark.parametrize("read", [read_image, read_header])
def test_formats_that_are_not_documented_are_not_tried(tmp_path, read, kind):
    path = tmp_path / "a.png"
    with open(path, "wb") as file:
        Image.new("RGB", (32, 32)).save(file, kind)
    with pytest.raises(UserError, match="a.png: "):
        read(path)


# --- results


@pytest.mark.parametrize("kind", LONGEST)
def test_the_longest_results_can_be_opened_and_longer_ones_are_refused(tmp_path, kind):
    suffix = {"JPEG": "jpg"}.get(kind, kind.lower())
    longest = min(LONGEST[kind], 70_000)
    longest -= longest % 2
    path = tmp_path / "a.png"
    for shape in ((longest // 2, 4), (4, longest // 2)):
        Image.fromarray(picture(*shape)).save(path)
        with Image.open(upscale_file(Doubling(), path, tmp_path / f"out.{suffix}")) as image:
            image.load()
            assert max(image.size) == longest
    if longest == LONGEST[kind] - LONGEST[kind] % 2:
        Image.fromarray(picture(4, longest // 2 + 1)).save(path)
        with pytest.raises(UserError, match=f"is more than {kind} holds"):
            upscale_file(Doubling(), path, tmp_path / f"longer.{suffix}")
        assert not (tmp_path / f"longer.{suffix}").exists()


@pytest.mark.parametrize("kind", ["AVIF", "BMP"])
def test_areas_that_cannot_be_opened_again_are_refused(tmp_path, kind):
    path = tmp_path / "a.png"
    Image.fromarray(picture()).save(path)
    with pytest.raises(UserError, match=f"more pixels than {kind} holds"):
        check(kind, (32768, 32768), read_header(path))


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "gif", "bmp", "avif"])
def test_memory_that_ends_is_an_error_of_the_file(tmp_path, suffix):
    path = tmp_path / "a.png"
    Image.fromarray(picture()).save(path)
    with pytest.raises(UserError, match="a.png: there is not enough memory"):
        upscale_file(Doubling(MemoryError()), path, tmp_path / f"out.{suffix}")
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]
