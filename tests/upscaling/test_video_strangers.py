"""Videos that are none, damaged or cut, and names like addresses: one line, and no other file."""

import os
import pathlib

import numpy as np
import pytest
import videos
from enlarged_videos import Repeat, enlarged, refused
from videos import SUFFIXES, describe, make, picture_stream

from keras_secn import cli
from keras_secn.upscaling.io import video
from keras_secn.utils.errors import UserError

pytestmark = pytest.mark.usefixtures("with_ffmpeg")


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        *((suffix, "hls") for suffix in [*SUFFIXES, ".m4v"]),
        *((".mp4", kind) for kind in ("ffconcat", "dash", "sdp")),
    ],
)
def test_a_playlist_opens_no_other_file(tmp_path, suffix, kind):
    make(tmp_path / "secret.ts", "-c:v mpeg2video")
    text = {
        "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.3,\nsecret.ts\n#EXT-X-ENDLIST\n",
        "ffconcat": "ffconcat version 1.0\nfile secret.ts\n",
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period/></MPD>',
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
    }[kind]
    clip = tmp_path / f"clip{suffix}"
    clip.write_text(text)
    # the trap is real: ffmpeg as it is takes the other video
    if kind in ("hls", "ffconcat") and suffix == ".mp4":
        assert describe(clip)["streams"]
    assert "formats that are taken" in refused(clip) or kind == "dash"


def test_other_formats_under_a_videos_name_are_told(tmp_path):
    make(tmp_path / "clip.ts", "-c:v mpeg2video -f mpegts").rename(tmp_path / "clip.mp4")
    assert "MP4, QuickTime, Matroska" in refused(tmp_path / "clip.mp4")


@pytest.mark.parametrize(
    "name",
    [
        "colon: part 1.mp4",
        "-i.mp4",
        "-y.mkv",
        "concat:other.mp4",
        "concat:other.mp4|other.mp4",
        "subfile,,start,0,end,0,,:other.mp4",
        "file:other.mp4",
        "cache:other.mp4",
        "pipe:0.mp4",
        "data:,x.mp4",
        "%03d.mp4",
        "tränen 東京.mov",
        "a'b\"c$(d).webm",
        "[x]*?.avi",
        "line\nend.mp4",
    ],
)
def test_a_name_is_no_address(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = pathlib.Path(name)
    make(pathlib.Path("clip" + path.suffix)).rename(path)
    # what the name would stand for shows something else
    make(pathlib.Path("other.mp4"), inputs="-f lavfi -i color=red:size=64x48:rate=25:duration=1")
    large = pathlib.Path(f"{path.stem}_x2{path.suffix}")
    assert video.upscale_video(Repeat(), path, large) == 8
    made, wanted = videos.gray_frames(large), videos.gray_frames(path)
    assert np.abs(made - wanted).mean() < 3


def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "clip.mp4")
    assert "not a file" in refused(tmp_path / "clip.mp4")


@pytest.mark.parametrize(
    ("suffix", "part"),
    [
        *((suffix, 0.4) for suffix in SUFFIXES),
        *((suffix, part) for suffix in (".mp4", ".mkv") for part in (0.02, 0.9)),
    ],
)
def test_a_cut_video_is_a_line_or_a_note(tmp_path, suffix, part):
    clip = make(tmp_path / f"clip{suffix}")
    content = clip.read_bytes()
    clip.write_bytes(content[: int(part * len(content))])
    try:
        out, _ = enlarged(clip)
    except UserError as error:
        assert str(error).startswith(str(clip)) and "\n" not in str(error)
        assert list(tmp_path.iterdir()) == [clip]
    else:
        assert 1 <= int(picture_stream(out)["nb_read_frames"]) <= 8


def test_damage_is_told(tmp_path):
    clip = make(tmp_path / "clip.mkv", "-g 4")
    content = bytearray(clip.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = np.random.default_rng(0).bytes(
        200
    )  # the same damage each time
    clip.write_bytes(content)
    _, notes = enlarged(clip)
    assert "damaged" in notes


def test_broken_video_is_one_line(tmp_path, capsys):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(os.urandom(1000))
    out = tmp_path / "out.mp4"
    command = ["upscale", str(broken), "-o", str(out), "--model", "pocket_secn_s"]
    assert cli.main(command) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and "broken.mp4" in lines[0]
    assert not out.exists()
