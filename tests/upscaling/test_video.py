"""Videos by the command and by the library: sizes, shapes, progress, and which network they get."""

import pathlib
import subprocess
import warnings
from operator import truediv

import numpy as np
import pytest
import videos
from enlarged_videos import Repeat, enlarged
from PIL import Image
from videos import PICTURE, SUFFIXES, TONE, ffmpeg, make, picture_stream, times

import keras_secn
from keras_secn import cli
from keras_secn.upscaling.io import video
from keras_secn.upscaling.upscaler import Upscaler

pytestmark = pytest.mark.usefixtures("with_ffmpeg")

PHOTO = sorted((pathlib.Path(keras_secn.__file__).parent / "samples" / "validation").iterdir())[0]


def test_a_video_is_made_and_not_compared(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    ffmpeg(PICTURE, pathlib.Path("clip.mp4"))
    assert cli.main(["upscale", "clip.mp4", "--compare", "--model", "pocket_secn_s"]) == 0
    assert capsys.readouterr().err == "error: clip.mp4: --compare is for pictures\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "clip_x2.mp4"]


def test_a_format_of_pictures_is_none_of_a_video(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    ffmpeg(PICTURE, pathlib.Path("clip.mp4"))
    command = ["upscale", "clip.mp4", "--format", "png", "--model", "pocket_secn_s"]
    assert cli.main(command) == 0
    told = "note: clip.mp4: --format is for pictures; a video's is named with -o FILE\n"
    assert capsys.readouterr().err == told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "clip_x2.mp4"]


def test_video_by_the_command(tmp_path, capsys):
    clip = make(tmp_path / "clip.mp4", inputs=f"{PICTURE} {TONE}")
    for suffix in (".mp4", ".mkv"):
        out = tmp_path / f"large{suffix}"
        assert cli.main(["upscale", str(clip), "-o", str(out), "--model", "pocket_secn_s"]) == 0
        assert capsys.readouterr().err == ""
        made = picture_stream(out)
        assert (made["width"], made["height"]) == (128, 96)
        assert int(made["nb_read_frames"]) == 8
        assert made["avg_frame_rate"] == "25/1"
        sound = [ffmpeg("-i", path, "-map 0:a -c copy -f md5 -") for path in (clip, out)]
        assert sound[0] == sound[1]
        difference = videos.gray_frames(out) - videos.gray_frames(clip)
        assert np.abs(difference).mean() < 5


@pytest.mark.parametrize(
    ("suffix", "aspect"), [*((suffix, "16:11") for suffix in SUFFIXES), (".mp4", "3:4")]
)
def test_shape_of_pixels(tmp_path, suffix, aspect):
    clip = make(tmp_path / f"clip{suffix}", f"-vf setsar={aspect.replace(':', '/')}")
    out, _ = enlarged(clip)
    found = [picture_stream(path)["sample_aspect_ratio"] for path in (clip, out)]
    assert found[0] == found[1]
    # WebM counts in whole pixels of the screen
    across, down = (map(int, ratio.split(":")) for ratio in (found[1], aspect))
    assert truediv(*across) == pytest.approx(truediv(*down), rel=0.01)
    assert (picture_stream(out)["width"], picture_stream(out)["height"]) == (128, 96)


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_turned_videos_are_upright(tmp_path, suffix):
    flat = make(tmp_path / f"flat{suffix}", "-vf setsar=16/11")
    clip = tmp_path / f"clip{suffix}"
    try:
        ffmpeg("-display_rotation 90 -i", flat, "-c copy", clip)
    except subprocess.CalledProcessError:
        ffmpeg("-i", flat, "-c copy -metadata:s:v rotate=90", clip)
    out, _ = enlarged(clip)
    made = picture_stream(out)
    assert (made["width"], made["height"], made["sample_aspect_ratio"]) == (96, 128, "11:16")
    assert not any("rotation" in side for side in made.get("side_data_list", []))
    # ffmpeg turns what it shows
    assert np.abs(videos.gray_frames(out) - videos.gray_frames(clip)).mean() < 3


def test_frames_of_another_size_are_made_to_fit(tmp_path):
    for name, size in (("a", "64x48"), ("b", "96x80")):
        inputs = f"-f lavfi -i testsrc2=size={size}:rate=25:duration=0.16"
        make(tmp_path / f"{name}.h264", "-bf 0", inputs=inputs)
    both = tmp_path / "both.h264"
    both.write_bytes((tmp_path / "a.h264").read_bytes() + (tmp_path / "b.h264").read_bytes())
    clip = tmp_path / "clip.mkv"
    ffmpeg("-i", both, "-c copy -bsf:v setts=ts=N/25/TB", clip)
    out, _ = enlarged(clip)
    assert len(times(out)) == 8
    assert np.abs(videos.gray_frames(out)[5] - videos.gray_frames(clip)[5]).mean() < 8


LOSSY = ["libx264 -crf 38", "libx265 -crf 38 -x265-params log-level=0", "mpeg4 -q:v 25"]
HARMLESS = ["libx264 -crf 1", "libx264 -qp 0", "ffv1", "rawvideo", "png -pix_fmt rgb24"]
HARMLESS.append("huffyuv -pix_fmt yuv422p")


@pytest.fixture(scope="module")
def networks():
    return Upscaler(fast=True, threads=1), Upscaler("pocket_secn_l", threads=1)


@pytest.mark.parametrize("codec", [*LOSSY, *HARMLESS])
def test_the_network_follows_the_codec(tmp_path, networks, codec):
    """A photograph without noise, moved: what the codec leaves of it decides."""
    photo = Image.open(PHOTO).convert("RGB")
    half = photo.resize((photo.width // 2, photo.height // 2), Image.Resampling.BICUBIC)
    pixels = np.asarray(half)
    height, width = (length // 16 * 16 for length in (len(pixels), pixels.shape[1] - 16))
    content = b"".join(pixels[:height, 2 * i : 2 * i + width].tobytes() for i in range(8))
    clip = tmp_path / "clip.mkv"
    raw = f"-f rawvideo -pix_fmt rgb24 -video_size {width}x{height} -framerate 25 -i pipe:0"
    pixel_format = "" if "pix_fmt" in codec else "-pix_fmt yuv420p"
    ffmpeg(raw, f"-c:v {codec}", pixel_format, clip, content=content)
    for upscaler, judges in zip(networks, (True, False), strict=True):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            video.upscale_video(upscaler, clip, tmp_path / "large.mp4")
        notes = [str(one.message) for one in caught if "enlarged by" in str(one.message)]
        assert len(notes) == bool(judges and codec in LOSSY)
        assert all("pocket_secn_l_jpeg" in note and "--preset overrules" in note for note in notes)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_any_size_by_the_command(tmp_path, capsys, suffix):
    clip, out = make(tmp_path / "clip.mkv"), tmp_path / f"large{suffix}"
    command = ["upscale", str(clip), "-o", str(out), "--width", "101", "--model", "pocket_secn_s"]
    assert cli.main(command) == 0
    assert (picture_stream(out)["width"], picture_stream(out)["height"]) == (100, 76)
    assert "last row or column" in capsys.readouterr().err


def test_progress_counts_every_pixel(tmp_path):
    done = []
    clip = make(tmp_path / "clip.mkv")
    video.upscale_video(Repeat(), clip, tmp_path / "large.mkv", tick=done.append)
    assert sum(done) == 8 * 64 * 48 == video.probe(clip).count * 64 * 48
