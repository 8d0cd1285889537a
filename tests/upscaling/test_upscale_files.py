"""Files: every kind in, the right kind out, with its metadata; streamed; whole or not there."""

import io
import subprocess
import sys
import zlib

import numpy as np
import odd_page
import pytest
from odd_files import DURATIONS, REFUSED, mode_of, odd_files, picture, srgb
from PIL import Image

from keras_secn.upscaling.depth import to_eight_bit
from keras_secn.upscaling.io import png
from keras_secn.upscaling.io.file_parts import Metadata
from keras_secn.upscaling.io.read import read_frames, read_header
from keras_secn.upscaling.upscaler import Upscaler
from keras_secn.utils.errors import UserError


@pytest.fixture(scope="module")
def upscaler(tiny_file):
    return Upscaler(tiny_file)


def told(odd, path, result):
    """The page docs/odd_files.md says of a file what becomes of it."""
    line = " | ".join(odd_page.row(odd, path, result))
    assert f"| {line} |\n" in odd_page.PAGE.read_text(), "run python tests/odd_page.py"


@pytest.mark.parametrize("odd", odd_files(), ids=lambda odd: odd.name)
def test_every_kind_of_file(odd, upscaler, tmp_path):
    path = tmp_path / odd.name
    odd.write(path)
    if odd.mode == REFUSED:
        with pytest.raises(UserError, match=odd.name) as refusal:
            upscaler(path)
        assert "\n" not in str(refusal.value)
        assert [file.name for file in tmp_path.iterdir()] == [odd.name]
        told(odd, path, str(refusal.value))
        return
    out = upscaler(path)
    assert out.stem == f"{path.stem}_x2"
    told(odd, path, out)
    header = read_header(path)
    assert tuple(2 * length for length in header.size) == odd.size[::-1]
    with Image.open(out) as image:
        image.load()
        assert image.size == odd.size
        assert getattr(image, "n_frames", 1) == odd.frames
        kept = {
            "icc": image.info.get("icc_profile") == srgb(),
            "exif": image.getexif().get(0x010F) == "Maker",
            "dpi": round(image.info.get("dpi", (0, 0))[0]) == 300,
            "text": getattr(image, "text", {}).get("Title") == "Ein Käfer",
        }
        assert all(kept[name] for name in odd.kept)
        assert image.getexif().get(0x0112, 1) == 1
    if out.suffix != ".gif":
        assert mode_of(out) == odd.mode
    # the picture itself: what Pillow and the network make of it are alike
    small = next(read_frames(header)).pixels
    large = next(read_frames(read_header(out))).pixels
    assert large.dtype == small.dtype
    seen = [to_eight_bit(pixels).astype(float) for pixels in (small, large)]
    reduced = seen[1].reshape(seen[0].shape[0], 2, seen[0].shape[1], 2, -1).mean(axis=(1, 3))
    tolerance = 60 if "bilevel" in odd.name or "palette" in odd.name else 12
    channels = min(reduced.shape[2], small.shape[2])
    assert np.abs(reduced[..., :channels] - seen[0][..., :channels]).mean() < tolerance


def test_orientations_show_the_same_picture(upscaler, tmp_path):
    stored = picture(40, 30)
    seen = []
    for orientation, turn in {
        1: None,
        3: Image.Transpose.ROTATE_180,
        6: Image.Transpose.ROTATE_90,
        8: Image.Transpose.ROTATE_270,
        5: Image.Transpose.TRANSPOSE,
    }.items():
        image = Image.fromarray(stored)
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / f"{orientation}.png"
        (image.transpose(turn) if turn is not None else image).save(path, exif=exif)
        seen.append(np.asarray(Image.open(upscaler(path))))
    for result in seen[1:]:
        np.testing.assert_array_equal(result, seen[0])


def test_animations_keep_their_time(upscaler, tmp_path):
    for odd in odd_files():
        if odd.name.startswith("animation"):
            path = tmp_path / odd.name
            odd.write(path)
            with Image.open(upscaler(path)) as image:
                durations = []
                for index in range(image.n_frames):
                    image.seek(index)
                    image.load()
                    durations.append(image.info["duration"])
                assert durations == DURATIONS and image.info["loop"] == 0


# what Pillow's `loop` is in each format: a GIF counts the runs after the first
LOOPS = {0: (0, 0, 0), 1: (None, 1, 1), 4: (3, 4, 4)}


@pytest.mark.parametrize("often", LOOPS)
@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_animations_run_as_often_in_other_formats(upscaler, tmp_path, kind, often):
    path = tmp_path / f"in.{kind.lower()}"
    first, *others = (Image.fromarray(picture(12, 9, seed=seed)) for seed in range(3))
    told = dict(zip(["GIF", "PNG", "WEBP"], LOOPS[often], strict=True))[kind]
    options = {} if told is None else {"loop": told}
    first.save(path, save_all=True, append_images=others, duration=50, **options)
    assert read_header(path).runs == often
    for suffix, loop in zip((".gif", ".png", ".webp"), LOOPS[often], strict=True):
        with Image.open(upscaler(path, tmp_path / f"large{suffix}")) as image:
            assert image.n_frames == 3 and image.info.get("loop") == loop


def test_empty_names_are_no_folder(upscaler, tmp_path):
    with pytest.raises(UserError, match="image is empty"):
        upscaler("", tmp_path / "large.png")
    Image.fromarray(picture(12, 9)).save(tmp_path / "a.png")
    with pytest.raises(UserError, match="out is empty"):
        upscaler(tmp_path / "a.png", "")


@pytest.mark.parametrize("quality", [0, 101, 95.5, "best"])
def test_quality_is_1_to_100_in_every_format(upscaler, tmp_path, quality):
    Image.fromarray(picture(12, 9)).save(tmp_path / "a.png")
    with pytest.raises(UserError, match="quality must be within 1..100"):
        upscaler(tmp_path / "a.png", tmp_path / "a.jpg", quality=quality)


def test_a_video_is_said_to_be_one(upscaler, tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x18ftypisom")
    with pytest.raises(UserError, match="io.video.upscale_video enlarges"):
        upscaler(tmp_path / "clip.mp4")


def test_pages_keep_their_own_sizes(upscaler, tmp_path):
    path = tmp_path / "pages.tif"
    next(odd for odd in odd_files() if odd.name == "pages.tif").write(path)
    with Image.open(upscaler(path)) as image:
        found = []
        for index in range(image.n_frames):
            image.seek(index)
            found.append((image.mode, image.size))
    assert found == [("RGB", (26, 22)), ("L", (18, 14)), ("RGBA", (10, 40))]


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".avif", ".bmp", ".jpg", ".gif"])
def test_formats_hold_what_arrays_hold(upscaler, tmp_path, suffix):
    path = tmp_path / "photo.png"
    pixels = picture(60, 45)
    Image.fromarray(pixels).save(path)
    out = upscaler(path, tmp_path / f"result{suffix}")
    with Image.open(out) as image:
        result = np.asarray(image.convert("RGB")).astype(int)
    difference = np.abs(result - upscaler(pixels))
    exact = suffix in (".png", ".tif", ".bmp")
    assert difference.max() == 0 if exact else difference.mean() < 4


def test_transparent_becomes_white_where_there_is_no_alpha(upscaler, tmp_path):
    path = tmp_path / "clear.png"
    Image.new("RGBA", (12, 12), (0, 0, 0, 0)).save(path)
    assert np.all(np.asarray(Image.open(upscaler(path, tmp_path / "clear.jpg"))) == 255)


def test_exif_follows_the_size(upscaler, tmp_path):
    path = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0xA002: 13, 0xA003: 11, 0x9003: "2026:01:02 03:04:05"})
    exif.get_ifd(0x8825)[1] = "N"
    Image.fromarray(picture()).save(path, exif=exif)
    for suffix in (".jpg", ".png", ".webp"):
        with Image.open(upscaler(path, tmp_path / f"out{suffix}")) as image:
            details = image.getexif().get_ifd(0x8769)
            assert (details[0xA002], details[0xA003]) == (26, 22)
            assert details[0x9003] == "2026:01:02 03:04:05"
            assert image.getexif().get_ifd(0x8825)[1] == "N"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("out.jpg", "animation"), ("out.xyz", "unknown format"), ("folder", "unknown format")],
)
def test_unfit_results_are_refused_before_work_begins(upscaler, tmp_path, name, reason):
    path = tmp_path / "animation.gif"
    next(odd for odd in odd_files() if odd.name == "animation.gif").write(path)
    with pytest.raises(UserError, match=reason):
        upscaler(path, tmp_path / name)
    assert not (tmp_path / name).exists()


def test_formats_with_a_largest_side_say_so(upscaler, tmp_path):
    path = tmp_path / "long.png"
    Image.new("L", (9000, 1)).save(path)
    with pytest.raises(UserError, match="16383"):
        upscaler(path, tmp_path / "long.webp")


def test_nothing_is_left_of_a_failure(upscaler, tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(picture()).save(path)

    def stop(pixels):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upscaler(path, tmp_path / "out.png", tick=stop)
    assert [file.name for file in tmp_path.iterdir()] == ["photo.png"]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_bands_are_read_back_by_libpng(tmp_path, channels, dtype):
    imagecodecs = pytest.importorskip("imagecodecs")
    rng = np.random.default_rng(0)
    pixels = picture(37, 150, channels).astype(dtype)
    # smooth, noisy and black parts, so that every filter is chosen somewhere
    pixels[50:80] = rng.integers(0, 256, pixels[50:80].shape)
    pixels[80:] = 0
    bands = [pixels[:1], pixels[1:100], pixels[100:]]
    png.write_png(tmp_path / "a.png", bands, pixels.shape, dtype, Metadata())
    read = imagecodecs.png_decode((tmp_path / "a.png").read_bytes())
    np.testing.assert_array_equal(read.reshape(pixels.shape), pixels)


def test_png_files_are_about_as_small_as_pillows(tmp_path, shared_data):
    photo = Image.open(shared_data / "set5" / "butterfly.png").convert("RGB")
    pixels = np.asarray(photo)
    png.write_png(tmp_path / "a.png", [pixels], pixels.shape, np.uint8, Metadata())
    buffer = io.BytesIO()
    photo.save(buffer, "PNG")
    assert (tmp_path / "a.png").stat().st_size < 1.03 * len(buffer.getvalue())


def test_png_chunks_are_whole(tmp_path):
    text = ((b"tEXt", b"Title\0K\xe4fer"),)
    metadata = Metadata(icc=srgb(), dpi=(72, 72), text=text, xmp=b"<x/>")
    png.write_png(tmp_path / "a.png", [picture()], (11, 13, 3), np.uint8, metadata)
    content = (tmp_path / "a.png").read_bytes()[8:]
    names = []
    while content:
        length = int.from_bytes(content[:4], "big")
        names.append(content[4:8].decode())
        checksum = int.from_bytes(content[8 + length : 12 + length], "big")
        assert zlib.crc32(content[4 : 8 + length]) == checksum
        content = content[12 + length :]
    assert names[0] == "IHDR" and names[-1] == "IEND"
    assert names.index("iCCP") < names.index("IDAT")


MEMORY = """
import sys
from keras_secn.upscaling import Upscaler
Upscaler(sys.argv[1], tile=256)(sys.argv[2], sys.argv[3])
line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(line.split()[1]) / 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells the peak of memory")
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_memory_follows_the_tile(tiny_file, tmp_path, suffix):
    peaks = []
    for side in (512, 2048):
        path = tmp_path / f"{side}.png"
        Image.fromarray(picture(side, side)).save(path)
        command = [sys.executable, "-c", MEMORY, tiny_file, path, tmp_path / f"out{suffix}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(float(done.stdout))
    # the original (12 MiB more) and a row of tiles (6 MiB more) are held, the result (48 MiB) not
    assert peaks[1] - peaks[0] < 48
