"""When a video's frames are shown: rates, times of their own, late starts."""

import numpy as np
import pytest
import videos
from enlarged_videos import enlarged
from videos import (
    PICTURE,
    SUFFIXES,
    TONE,
    VARIABLE,
    describe,
    ffmpeg,
    make,
    picture_stream,
    streams,
    times,
    variable,
)

from keras_secn.upscaling.io.frame_times import matroska_frame, matroska_header

pytestmark = pytest.mark.usefixtures("with_ffmpeg")


@pytest.mark.parametrize(
    ("suffix", "rate"),
    [*((suffix, "24000/1001") for suffix in SUFFIXES), (".mp4", "12.5"), (".avi", "12.5")],
)
def test_a_constant_rate_is_kept(tmp_path, suffix, rate):
    inputs = f"-f lavfi -i testsrc2=size=64x48:rate={rate} -frames:v 12"
    clip = make(tmp_path / f"clip{suffix}", inputs=inputs)
    out, notes = enlarged(clip)
    before, after = picture_stream(clip), picture_stream(out)
    assert after["nb_read_frames"] == "12" and notes == ""
    assert after["avg_frame_rate"] == before["avg_frame_rate"]
    if suffix != ".avi":  # which has no times
        np.testing.assert_allclose(times(out), times(clip), atol=1.1e-3)


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        *((".mp4", kind) for kind in VARIABLE),
        *((suffix, kind) for suffix in (".mov", ".mkv", ".webm") for kind in ("gaps", "clock")),
    ],
)
def test_frames_keep_their_own_times(tmp_path, suffix, kind):
    clip = variable(tmp_path / f"clip{suffix}", kind)
    out, notes = enlarged(clip)
    before, after = times(clip), times(out)
    assert len(after) == 8 and notes == ""
    np.testing.assert_allclose(after - after[0], before - before[0], atol=1.1e-3)
    # each frame is the one of its time
    assert np.abs(videos.gray_frames(out) - videos.gray_frames(clip)).mean() < 3


def test_where_times_are_constant_it_is_said(tmp_path):
    out, notes = enlarged(variable(tmp_path / "clip.mkv", "gaps"), ".avi")
    assert "own times" in notes
    length = float(describe(tmp_path / "clip.mkv")["format"]["duration"])
    assert float(describe(out)["format"]["duration"]) == pytest.approx(length, abs=0.1)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
@pytest.mark.parametrize("kind", [None, "gaps"])
def test_a_picture_that_starts_late_stays_so(tmp_path, suffix, kind):
    inputs = f"-itsoffset 0.2 {PICTURE} {TONE}"
    filters = f"-vf settb=1/1000,setpts=200+{VARIABLE[kind]}" if kind else ""
    pace = "-fps_mode passthrough -enc_time_base 1:1000"
    clip = make(tmp_path / f"clip{suffix}", filters, pace, inputs=inputs)
    out, _ = enlarged(clip)

    def lateness(path):
        first, sound = (float(streams(path, kind)[0]["start_time"]) for kind in ("video", "audio"))
        return first - sound

    assert len(times(out)) == len(times(clip)) == 8
    assert lateness(clip) > 0.1
    assert lateness(out) == pytest.approx(lateness(clip), abs=0.03)


def test_one_frame(tmp_path):
    clip = make(tmp_path / "clip.mp4", "-frames:v 1")
    out, _ = enlarged(clip)
    assert len(times(out)) == 1


def test_frames_with_times_are_matroska(tmp_path):
    """ffmpeg reads what the encoder is fed with where times vary: to the bit and to 10 us."""
    frames = np.random.default_rng(0).integers(0, 256, (3, 6, 10, 3), np.uint8)
    content = matroska_header(6, 10, 25)
    for seconds, frame in zip((0, 0.01234, 100.5), frames, strict=True):
        content += matroska_frame(seconds, frame.size) + frame.tobytes()
    path = tmp_path / "raw.mkv"
    path.write_bytes(content)
    raw = ffmpeg("-i", path, "-fps_mode passthrough -f rawvideo -pix_fmt rgb24 -")
    assert raw == frames.tobytes()
    np.testing.assert_allclose(times(path), [0, 0.01234, 100.5], atol=1e-5)
