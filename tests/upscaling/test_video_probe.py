"""What ffprobe says of a video: odd answers are one line, usable ones are used."""

import json

import pytest

from keras_secn.upscaling.io.probe import read_answer
from keras_secn.utils.errors import UserError

pytestmark = pytest.mark.usefixtures("with_ffmpeg")

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
