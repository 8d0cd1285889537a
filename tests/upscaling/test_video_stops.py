"""Videos that end early: by an error, a signal, an encoder that fails; nothing is left of them."""

import signal
import subprocess
import sys
import time

import pytest
from enlarged_videos import Repeat, children, refused
from videos import PICTURE, make, variable

from keras_secn.upscaling.io import containers, video
from keras_secn.utils.errors import UserError

pytestmark = pytest.mark.usefixtures("with_ffmpeg")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        *((error, None) for error in (KeyboardInterrupt, MemoryError, UserError, BrokenPipeError)),
        (KeyboardInterrupt, "gaps"),
    ],
)
def test_nothing_is_left_of_an_interrupted_video(tmp_path, error, kind):
    path = tmp_path / "clip.mkv"
    clip = variable(path, kind) if kind else make(path)
    frames = []

    class Breaks(Repeat):
        def bands(self, pixels, tick=None, rough=None):
            frames.append(1)
            yield from super().bands(pixels, tick)
            if len(frames) == 3:
                assert len(children()) >= 1
                raise error("stop")

    with pytest.raises(error):
        video.upscale_video(Breaks(), clip, tmp_path / "large.mp4")
    assert children() == []
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mkv"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_both_ffmpegs(tmp_path, number):
    inputs = "-f lavfi -i testsrc2=size=320x240:rate=25:duration=10"
    clip = make(tmp_path / "clip.mkv", "-preset ultrafast", inputs=inputs)
    (tmp_path / "out").mkdir()
    command = [sys.executable, "-m", "keras_secn.cli", "upscale", clip, "-o", tmp_path / "out"]
    process = subprocess.Popen(
        [*command, "--model", "pocket_secn_s"],
        stderr=subprocess.PIPE,
        text=True,
        # a shell's background jobs ignore SIGINT, and hand that on
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )

    def started():
        found = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True).stdout
        return [line for line in found.splitlines() if "ffmpeg" in line and str(tmp_path) in line]

    while len(started()) < 2:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate()
    assert process.returncode == 128 + number and "Traceback" not in err
    assert started() == []
    assert list((tmp_path / "out").iterdir()) == []


def test_without_ffmpeg_it_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "clip.mp4").write_bytes(b"")
    monkeypatch.setenv("PATH", "")
    assert "apt-get install ffmpeg" in refused(tmp_path / "clip.mp4")


@pytest.mark.parametrize("suffix", [".wmv", ".ts", ".png", ""])
def test_results_of_other_kinds_are_refused(tmp_path, suffix):
    clip = make(tmp_path / "clip.mkv")
    with pytest.raises(UserError, match="ends in one of"):
        video.upscale_video(Repeat(), clip, tmp_path / f"large{suffix}")
    assert list(tmp_path.iterdir()) == [clip]


def test_an_encoder_that_fails_is_one_line(tmp_path, monkeypatch):
    broken = containers.CONTAINERS[".mp4"]._replace(video=("libx264", "-crf", "nonsense"))
    monkeypatch.setitem(containers.CONTAINERS, ".mp4", broken)
    # more than pipes hold
    clip = make(tmp_path / "clip.mkv", inputs=PICTURE.replace("64x48", "640x480"))
    assert "ffmpeg failed" in refused(clip)
    assert children() == []
