"""Small videos made by ffmpeg, and what ffprobe and ffmpeg say of others."""

import json
import pathlib
import shutil
import subprocess

import numpy as np
import pytest

# what a container takes; VP8 is quick
CODECS = {
    ".mp4": "-c:v libx264 -c:a aac",
    ".mov": "-c:v libx264 -c:a pcm_s16le",
    ".mkv": "-c:v libx264 -c:a aac",
    ".webm": "-c:v libvpx -deadline realtime -c:a libopus",
    ".avi": "-c:v mpeg4 -c:a libmp3lame",
}
PICTURE = "-f lavfi -i testsrc2=size=64x48:rate=25:duration=0.32"
TONE = "-f lavfi -i sine=duration=0.32"


def need_ffmpeg():
    for tool in ("ffmpeg", "ffprobe"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")


def ffmpeg(*parts, content=None):
    """Runs ffmpeg; strings are split at spaces, paths are not."""
    command = ["ffmpeg", "-v", "error", "-y"]
    for part in parts:
        is_path = isinstance(part, pathlib.Path)
        command += [f"file:{part.absolute()}"] if is_path else part.split()
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout


_MADE = {}


def make(path, *extra, inputs=PICTURE, pixels="yuv420p"):
    """A video of 8 frames, 64x48, unless told otherwise; the same one again is a copy."""
    key = path.suffix, extra, inputs, pixels
    if key in _MADE:
        path.write_bytes(_MADE[key])
        return path
    codecs = CODECS.get(path.suffix, CODECS[".mkv"])
    ffmpeg(inputs, codecs, f"-pix_fmt {pixels}" if pixels else "", *extra, path)
    _MADE[key] = path.read_bytes()
    return path


def describe(path):
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_format"]
    command += ["-show_chapters", "-of", "json", f"file:{path.absolute()}"]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def streams(path, kind):
    return [stream for stream in describe(path)["streams"] if stream["codec_type"] == kind]


def picture_stream(path):
    return streams(path, "video")[0]


def times(path):
    """When each frame is shown, in seconds."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "csv=p=0"]
    command += ["-show_entries", "frame=best_effort_timestamp_time", f"file:{path.absolute()}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return np.array([float(line.strip(",")) for line in said.split()])


def planes(path, width, height):
    """Y, Cb and Cr of the first frame as they are in the file (4:2:0), no color converted."""
    raw = ffmpeg("-i", path, "-frames:v 1 -f rawvideo -")
    raw = np.frombuffer(raw, np.uint8)[: width * height * 3 // 2]
    luma, chroma = raw[: width * height], raw[width * height :].reshape(2, height // 2, width // 2)
    return luma.reshape(height, width), *chroma


def gray_frames(path):
    """The frames in gray, at 8x6: enough to tell videos apart."""
    raw = ffmpeg("-i", path, "-vf scale=8:6 -pix_fmt gray -fps_mode passthrough -f rawvideo -")
    return np.frombuffer(raw, np.uint8).reshape(-1, 6, 8).astype(int)


SUFFIXES = [".mp4", ".mov", ".mkv", ".webm", ".avi"]
VARIABLE = {
    "gaps": "N*40+200*gt(N\\,3)+400*gt(N\\,5)",
    "clock": "N*33+mod(N*7\\,5)",
    "faster": "N*N*5",
    "by a millisecond": "N*33+mod(N\\,3)",
}


def variable(path, kind, *extra, inputs=PICTURE):
    filters = f"-vf settb=1/1000,setpts={VARIABLE[kind]}"
    return make(path, filters, "-fps_mode passthrough -enc_time_base 1:1000", *extra, inputs=inputs)
