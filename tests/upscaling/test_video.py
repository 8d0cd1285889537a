"""Videos: what goes in comes out enlarged, with all that its file says."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import types
import warnings
from operator import truediv

import numpy as np
import pytest
import videos
from PIL import Image
from videos import PICTURE, TONE, describe, ffmpeg, make, picture_stream, streams, times

import keras_secn
from keras_secn import cli
from keras_secn.upscaling.io import containers, video
from keras_secn.upscaling.io.frame_times import matroska_frame, matroska_header
from keras_secn.upscaling.io.probe import read_answer
from keras_secn.upscaling.target import Target
from keras_secn.upscaling.upscaler import Upscaler
from keras_secn.utils.errors import UserError

PHOTO = sorted((pathlib.Path(keras_secn.__file__).parent / "samples" / "validation").iterdir())[0]
SUFFIXES = [".mp4", ".mov", ".mkv", ".webm", ".avi"]


class Repeat:
    """Enlarges by repeating pixels, in two bands: what it makes is known to the last bit."""

    target = Target(scale=2)
    networks = types.SimpleNamespace(judges=False)

    def bands(self, pixels, tick=None, rough=None):
        half = len(pixels) // 2
        for part in (pixels[:half], pixels[half:]):
            if tick:
                tick(part.shape[0] * part.shape[1])
            yield part.repeat(2, axis=0).repeat(2, axis=1)


@pytest.fixture(autouse=True)
def _ffmpeg():
    videos.need_ffmpeg()


def enlarged(path, suffix=None, name="large"):
    """The result, and the notes about it."""
    out = path.parent / f"{name}{suffix or path.suffix}"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        video.upscale_video(Repeat(), path, out)
    return out, " ".join(str(warning.message) for warning in caught)


def refused(path):
    """The one line that refuses a video, of which nothing is left."""
    before = set(path.parent.iterdir())
    with pytest.raises(UserError) as raised:
        video.upscale_video(Repeat(), path, path.parent / "large.mp4")
    assert set(path.parent.iterdir()) == before
    line = str(raised.value)
    assert line.startswith(str(path)) and "\n" not in line
    return line


# strangers


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


# ffprobe's answer

STREAM = {
    "index": 0,
    "codec_type": "video",
    "width": 64,
    "height": 48,
    "pix_fmt": "yuv420p",
    "r_frame_rate": "25/1",
    "avg_frame_rate": "25/1",
    "time_base": "1/12800",
    "nb_frames": "8",
}


def answer(drop=(), **changes):
    stream = {key: value for key, value in {**STREAM, **changes}.items() if key not in drop}
    return json.dumps({"streams": [stream], "format": {"format_name": "mov", "duration": "0.32"}})


def turned(by):
    return {"side_data_list": [{"side_data_type": "Display Matrix", "rotation": by}]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not JSON",
        "[" * 100_000,
        "null",
        "[]",
        "{}",
        '{"streams": null}',
        '{"streams": [], "format": {}}',
        '{"streams": ["video"], "format": {}}',
        '{"streams": [{"codec_type": "audio"}], "format": {}}',
        '{"streams": [{"codec_type": "video"}], "format": {}}',
        '{"streams": [{"codec_type": "video", "disposition": {"attached_pic": 1}}], "format": {}}',
        answer(["height"]),
        answer(["width"]),
        answer(["index"]),
        answer(height=0),
        answer(height=-48),
        answer(width="N/A"),
        answer(width=1e300),
        answer(width=2**31),
        answer(height=10**30),
        answer(height=True),
        answer(height=[48]),
        answer(["nb_frames"], r_frame_rate="0/0", avg_frame_rate="0/0"),
        answer(["nb_frames"], r_frame_rate="N/A", avg_frame_rate="N/A"),
        answer(["nb_frames"], r_frame_rate="-25/1", avg_frame_rate="25/-1"),
        answer(["nb_frames", "r_frame_rate", "avg_frame_rate"]),
        answer(["nb_frames"], r_frame_rate="90000/1", avg_frame_rate="0/0"),
        answer(tags="text", disposition=3),
        answer(**turned(45)),
        answer(**turned("N/A")),
        answer(**turned("nan")),
        answer(**turned(1e400)),
        answer(**turned(None)),
        answer(side_data_list=3),
        answer(side_data_list=["text"]),
        answer(color_space="ictcp"),
        answer(color_space="ycgco"),
        answer(color_transfer="smpte2084"),
        answer(color_transfer="arib-std-b67"),
        answer(side_data_list=[{"side_data_type": "DOVI configuration record"}]),
    ],
)
def test_odd_answers_are_one_line(text):
    with pytest.raises(UserError) as raised:
        read_answer("clip.mp4", text)
    line = str(raised.value)
    assert line.startswith("clip.mp4: ") and "\n" not in line and len(line) < 160


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, {"size": (48, 64), "count": 8, "rate": 25, "aspect": None, "delay": 0}),
        (turned(90), {"size": (64, 48)}),
        (turned(-90), {"size": (64, 48)}),
        (turned("270.0"), {"size": (64, 48)}),
        (turned(180), {"size": (48, 64)}),
        (turned(0.2), {"size": (48, 64)}),
        ({"sample_aspect_ratio": "16:11"}, {"aspect": 16 / 11}),
        ({"sample_aspect_ratio": "16:11", **turned(90)}, {"aspect": 11 / 16}),
        ({"sample_aspect_ratio": "0:1"}, {"aspect": None}),
        ({"sample_aspect_ratio": "N/A"}, {"aspect": None}),
        ({"sample_aspect_ratio": "1:0"}, {"aspect": None}),
        ({"r_frame_rate": "90000/1"}, {"rate": 25, "count": 8}),
        ({"r_frame_rate": "0/0"}, {"rate": 25}),
        ({"avg_frame_rate": "0/0"}, {"rate": 25}),
        ({"avg_frame_rate": "0/0", "r_frame_rate": "0/0"}, {"rate": 25}),
        ({"nb_frames": "N/A"}, {"count": 8}),
        ({"nb_frames": "-8"}, {"count": 8}),
        ({"nb_frames": "0"}, {"count": 8}),
        ({"nb_frames": "x", "duration": "inf"}, {"count": 8}),
        ({"nb_frames": "x", "duration": "-1"}, {"count": 8}),
        ({"start_time": "0.5"}, {"delay": 0.5}),
        ({"start_time": "N/A"}, {"delay": 0}),
        ({"start_time": "nan"}, {"delay": 0}),
        ({"time_base": "0/0"}, {"tick": 1 / 90000}),
        ({"side_data_list": [{"side_data_type": "x", "dv_bl_signal_compatibility_id": 0}]}, {}),
        ({"tags": None, "disposition": None}, {}),
    ],
)
def test_answers_that_can_be_used(changes, wanted):
    clip = read_answer("clip.mp4", answer(**changes))
    for key, value in wanted.items():
        assert getattr(clip, key) == (value if value is None else pytest.approx(value)), key


# what a raw pipe drops


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


VARIABLE = {
    "gaps": "N*40+200*gt(N\\,3)+400*gt(N\\,5)",
    "clock": "N*33+mod(N*7\\,5)",
    "faster": "N*N*5",
    "by a millisecond": "N*33+mod(N\\,3)",
}


def variable(path, kind, *extra, inputs=PICTURE):
    filters = f"-vf settb=1/1000,setpts={VARIABLE[kind]}"
    return make(path, filters, "-fps_mode passthrough -enc_time_base 1:1000", *extra, inputs=inputs)


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


SUBTITLES = "1\n00:00:00,000 --> 00:00:00,100\nGrüße\n\n2\n00:00:00,200 --> 00:00:00,300\nzwei\n\n"


TEXTS = [(".mp4", "mov_text"), (".mkv", "srt"), (".mkv", "ass"), (".webm", "webvtt")]


@pytest.mark.parametrize(
    ("suffix", "codec", "target"),
    [
        # .mov is .mp4 but for the tags
        *((*text, target) for text in TEXTS for target in (".mp4", ".mkv", ".webm", ".avi")),
        (*TEXTS[1], ".mov"),
    ],
)
def test_all_tracks_go_along(tmp_path, suffix, codec, target):
    (tmp_path / "text.srt").write_text(SUBTITLES)
    lines = ";FFMETADATA1\ntitle=The title\nartist=Someone\n"
    for number in range(2):
        lines += f"[CHAPTER]\nTIMEBASE=1/100\nSTART={16 * number}\nEND={16 * number + 16}\n"
        lines += f"title=chapter {number}\n"
    (tmp_path / "meta.txt").write_text(lines)
    clip = tmp_path / f"clip{suffix}"
    inputs = ["-i", tmp_path / "text.srt", "-i", tmp_path / "meta.txt"]
    mapped = "-map 0 -map 1 -map 1 -map 2 -map 2 -map_metadata 3 -map_chapters 3"
    languages = "-metadata:s:a:1 language=fra -metadata:s:s:0 language=deu"
    tracks = [f"{mapped} {languages} -c:s {codec} {videos.CODECS[suffix]} -pix_fmt yuv420p", clip]
    ffmpeg(PICTURE, TONE, *inputs, *tracks)
    out, notes = enlarged(clip, target)
    made = describe(out)
    sounds, written = (
        [stream for stream in made["streams"] if stream["codec_type"] == kind]
        for kind in ("audio", "subtitle")
    )
    assert len(sounds) == 2
    before = {sound["codec_name"] for sound in streams(clip, "audio")}
    after = {sound["codec_name"] for sound in sounds}
    assert before == after or f"{before.pop()} sound" in notes
    tags = {key.lower(): value for key, value in made["format"]["tags"].items()}
    assert tags["title"] == "The title"
    if target == ".avi":
        assert notes.count("subtitles") == 1 and "chapters" in notes
        return
    # QuickTime has numbers for some languages alone
    assert target == ".mov" or sounds[1]["tags"]["language"] == "fra"
    assert tags["artist"] == "Someone"
    assert [chapter["tags"]["title"] for chapter in made["chapters"]] == ["chapter 0", "chapter 1"]
    assert len(written) == 2
    assert target == ".mov" or written[0]["tags"]["language"] == "deu"
    text = ffmpeg("-i", out, "-map 0:s:0 -f srt -").decode()
    assert "Grüße" in text and "zwei" in text and "00:00:00,2" in text
    assert "data stream" not in notes


# BT.601, BT.709 and BT.2020: weights of red and blue in luma, from the standards
WEIGHTS = {
    "smpte170m": (0.299, 0.114),
    "bt470bg": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020nc": (0.2627, 0.0593),
    "smpte240m": (0.212, 0.087),
    "fcc": (0.30, 0.11),
}
COLORS = np.array([[200, 30, 40], [30, 180, 60], [40, 50, 210], [190, 180, 30]])


def to_numbers(colors, matrix, full):
    red, blue = WEIGHTS[matrix]
    r, g, b = (colors / 255).T
    luma = red * r + (1 - red - blue) * g + blue * b
    chroma = np.stack([(b - luma) / (2 - 2 * blue), (r - luma) / (2 - 2 * red)])
    if full:
        return np.round([255 * luma, *(255 * chroma + 128)])
    return np.round([219 * luma + 16, *(224 * chroma + 128)])


def patches(path, matrix, full, tags, size=(64, 48)):
    """A video of four fields whose YCbCr is made by the standard's formula."""
    width, height = size
    luma, *chroma = to_numbers(COLORS, matrix, full).astype(np.uint8)
    field = np.arange(4).reshape(2, 2)
    content = luma[field].repeat(height // 2, 0).repeat(width // 2, 1).tobytes()
    for plane in chroma:
        content += plane[field].repeat(height // 4, 0).repeat(width // 4, 1).tobytes()
    raw = f"-f rawvideo -pix_fmt yuv420p -s {width}x{height} -r 25 -i -"
    codec = "-c:v libvpx-vp9 -crf 4 -b:v 0" if path.suffix == ".webm" else "-c:v libx264 -crf 1"
    ffmpeg(raw, tags, codec, path, content=content)
    return path


def assert_true_colors(out, size=(128, 96)):
    """The numbers in a video give the colors by the standard that the video names."""
    made = picture_stream(out)
    full = made["color_range"] == "pc"
    wanted = to_numbers(COLORS, made["color_space"], full)
    for plane, values in zip(videos.planes(out, *size), wanted, strict=True):
        height, width = plane.shape
        middle = plane[height // 4 :: height // 2, width // 4 :: width // 2].ravel()
        assert np.abs(middle - values).max() <= 3


MEANT = [
    ("smpte170m", "smpte170m", "smpte170m", "tv"),
    ("bt709", "bt709", "bt709", "pc"),
    ("bt2020nc", "bt2020", "bt2020-10", "tv"),
    ("bt470bg", "bt470bg", "gamma28", "tv"),
    ("smpte170m", "bt709", "bt709", "pc"),
    ("bt709", "bt709", "iec61966-2-1", "tv"),
    ("smpte240m", "smpte240m", "smpte240m", "tv"),
    ("fcc", "bt470m", "gamma22", "tv"),
]


@pytest.mark.parametrize(
    ("suffix", "meant"),
    [
        *((".mp4", meant) for meant in MEANT),
        *((".webm", meant) for meant in MEANT[:5]),
        *((suffix, meant) for suffix in (".mov", ".mkv", ".avi") for meant in MEANT[:2]),
    ],
)
def test_colors_are_kept_and_named_truly(tmp_path, suffix, meant):
    matrix, primaries, transfer, level = meant
    tags = f"-colorspace {matrix} -color_primaries {primaries} -color_trc {transfer}"
    clip = tmp_path / f"clip{suffix}"
    patches(clip, matrix, level == "pc", f"{tags} -color_range {level}")
    out, notes = enlarged(clip)
    before, after = picture_stream(clip), picture_stream(out)
    for key in ("range", "primaries", "transfer"):
        assert after.get(f"color_{key}") == before.get(f"color_{key}"), key
    if matrix not in ("fcc", "bt470bg"):
        assert after["color_space"] == before["color_space"]
    assert notes == ""
    if before.get("color_space") == matrix:
        assert_true_colors(out)


@pytest.mark.parametrize(
    ("suffix", "size", "matrix", "primaries"),
    [
        *((suffix, (64, 48), "smpte170m", "smpte170m") for suffix in (".mp4", ".mkv", ".avi")),
        (".mp4", (64, 288), "smpte170m", "bt470bg"),
        (".mp4", (1280, 16), "bt709", "bt709"),
    ],
)
def test_untagged_colors_are_what_players_take_them_for(tmp_path, suffix, size, matrix, primaries):
    out, _ = enlarged(patches(tmp_path / f"clip{suffix}", matrix, False, "", size))
    made = picture_stream(out)
    assert (made["color_space"], made["color_primaries"]) == (matrix, primaries)
    assert_true_colors(out, (2 * size[0], 2 * size[1]))


@pytest.mark.parametrize("pixels", ["gbrp", "yuvj420p", "yuv444p", "yuv422p10le", "gray", "rgb24"])
def test_colors_of_other_pixels(tmp_path, pixels):
    """All kinds of pixels show what ffmpeg shows of them."""
    codec = "-c:v libx264rgb" if pixels == "rgb24" else "-c:v ffv1"
    codec = "-c:v mjpeg -q:v 2" if pixels == "yuvj420p" else codec
    clip = make(tmp_path / "clip.mkv", codec, pixels=pixels)
    out, notes = enlarged(clip)
    assert ("8 bits" in notes) == ("10" in pixels)
    frames = []
    for path in (clip, out):
        raw = ffmpeg("-i", path, "-vf format=rgb24,scale=8:6:flags=area -f rawvideo -")
        frames.append(np.frombuffer(raw, np.uint8).astype(int))
    assert np.abs(frames[0] - frames[1]).mean() < 4


@pytest.mark.parametrize(
    ("suffix", "transfer", "name"),
    [
        (".mp4", "smpte2084", "PQ"),
        (".mov", "arib-std-b67", "HLG"),
        (".mkv", "smpte2084", "PQ"),
        (".mkv", "arib-std-b67", "HLG"),
    ],
)
def test_hdr_is_refused(tmp_path, suffix, transfer, name):
    tags = f"-colorspace bt2020nc -color_primaries bt2020 -color_trc {transfer}"
    clip = make(tmp_path / f"clip{suffix}", tags, pixels="yuv420p10le")
    line = refused(clip)
    assert "HDR" in line and name in line


def attachment(folder):
    (folder / "x.ttf").write_bytes(b"no font")
    return ["-attach", folder / "x.ttf", "-metadata:s:t mimetype=font/ttf"]


@pytest.mark.parametrize(
    ("name", "options", "note"),
    [
        ("clip.mkv", lambda _: ["-pix_fmt yuv420p10le"], "8 bits (of 10)"),
        ("clip.webm", lambda _: ["-c:v libvpx-vp9 -pix_fmt yuv420p12le"], "8 bits (of 12)"),
        ("clip.mov", lambda _: ["-c:v qtrle -pix_fmt argb"], "alpha"),
        ("clip.mkv", lambda _: ["-c:v ffv1 -pix_fmt yuva420p"], "alpha"),
        ("clip.webm", lambda _: ["-auto-alt-ref 0 -pix_fmt yuva420p"], "alpha"),
        ("clip.mkv", lambda _: ["-map 0 -map 0"], "second video"),
        ("clip.mov", lambda _: ["-timecode 01:00:00:00"], "data stream"),
        ("clip.mkv", lambda _: ["-c:v mpeg2video -flags +ilme+ildct -top 1"], "interlaced"),
        ("clip.mkv", attachment, "fonts"),
    ],
)
def test_what_is_dropped_is_told(tmp_path, name, options, note):
    extra = options(tmp_path)
    clip = make(tmp_path / name, *extra, pixels=None)
    out, notes = enlarged(clip, ".mp4")
    assert note in notes and str(clip) in notes and "\n" not in notes
    assert len(times(out)) == 8
    if note == "fonts":
        out, notes = enlarged(clip, ".mkv")
        assert notes == "" and len(streams(out, "attachment")) == 1


def test_a_cover_is_told(tmp_path):
    ffmpeg("-f lavfi -i color=red:size=16x16 -frames:v 1", tmp_path / "cover.png")
    inputs = f"-i {tmp_path / 'cover.png'} {PICTURE}"
    cover = "-map 0 -map 1 -c:v:0 png -c:v:1 libx264 -disposition:v:0 attached_pic"
    clip = make(tmp_path / "clip.mp4", cover, inputs=inputs, pixels=None)
    out, notes = enlarged(clip)
    assert "cover picture" in notes
    # the picture is not taken for the video, though it comes first
    assert len(times(out)) == 8 and picture_stream(out)["width"] == 128


# in the middle of it


def children():
    """ffmpeg's processes that this one started and that live."""
    found = subprocess.run(["ps", "-o", "comm=", "--ppid", str(os.getpid())], capture_output=True)
    return [name for name in found.stdout.decode().split() if name.startswith("ff")]


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


def test_progress_counts_every_pixel(tmp_path):
    done = []
    clip = make(tmp_path / "clip.mkv")
    video.upscale_video(Repeat(), clip, tmp_path / "large.mkv", tick=done.append)
    assert sum(done) == 8 * 64 * 48 == video.probe(clip).count * 64 * 48


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
