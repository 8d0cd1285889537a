"""Video through ffmpeg's pipes: frames in, frames out, sound copied."""

import json
import pathlib
import shutil
import subprocess
import tempfile
from typing import NamedTuple

import numpy as np

from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError

SUFFIXES = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi"}
CODECS = {".webm": ["libvpx-vp9", "-crf", "24", "-b:v", "0", "-row-mt", "1"]}
H264 = ["libx264", "-crf", "16", "-preset", "medium"]
LONGEST = 16384  # pixels a side, of both encoders


class Clip(NamedTuple):
    """What a video is like: (height, width) upright, about how many frames, frames per second."""

    size: tuple
    count: int
    rate: str


def is_video(path):
    """Whether a file is taken for a video, by its suffix."""
    return pathlib.Path(path).suffix.lower() in SUFFIXES


def probe(path):
    """The `Clip` of a file.

    Raises:
        UserError: ffmpeg is not installed, or there is no video in the file.
    """
    for tool in ("ffmpeg", "ffprobe"):
        if shutil.which(tool) is None:
            raise UserError(f"{path}: video needs {tool} (apt-get install ffmpeg)")
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json"]
    command += ["-show_streams", "-show_format", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    streams = json.loads(done.stdout or "{}").get("streams") if done.returncode == 0 else None
    if not streams:
        reason = done.stderr.strip().splitlines()
        raise UserError(f"{path}: {reason[-1].split(': ')[-1] if reason else 'no video in it'}")
    stream = streams[0]
    size = int(stream["height"]), int(stream["width"])
    turns = [side.get("rotation", 0) for side in stream.get("side_data_list", [])]
    if any(int(turn) % 180 for turn in turns):
        size = size[::-1]
    rate = stream["r_frame_rate"]
    seconds = stream.get("duration") or json.loads(done.stdout)["format"].get("duration", 0)
    over, under = (float(part) for part in rate.split("/"))
    count = int(stream.get("nb_frames") or round(float(seconds) * over / under))
    return Clip(size, max(1, count), rate)


def upscale_video(upscaler, path, out, *, tick=None):
    """Enlarges a video: H.264, or VP9 for `.webm`; sound and metadata are copied.

    Args:
        upscaler: an `Upscaler`.
        path, out: the files; `out` ends in one of `SUFFIXES`.
        tick: see `Upscaler.bands`.

    Returns:
        How many frames there were.

    Raises:
        UserError: ffmpeg is not installed, or it cannot read or write these.
    """
    out = pathlib.Path(out)
    if not is_video(out):
        raise UserError(f"{out}: a video's name ends in one of {', '.join(sorted(SUFFIXES))}")
    clip = probe(path)
    height, width = clip.size
    large = upscaler.scale * height, upscaler.scale * width
    if max(large) > LONGEST:
        raise UserError(f"{path}: {large[1]}x{large[0]} is more than video holds ({LONGEST})")
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24"]
    quiet = ["ffmpeg", "-v", "error", "-nostdin"]
    # a constant rate: raw frames have no time of their own
    reading = [*quiet, "-i", str(path), "-map", "0:v:0", "-r", clip.rate, *raw, "-"]
    writing = [*quiet, "-y", *raw, "-s", f"{large[1]}x{large[0]}", "-r", clip.rate, "-i", "-"]
    writing += ["-i", str(path), "-map", "0:v", "-map", "1:a?", "-map_metadata", "1"]
    writing += ["-c:a", "copy", "-c:v", *CODECS.get(out.suffix.lower(), H264)]
    # players take large video without tags for BT.709, and so it is made
    writing += ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p"]
    writing += ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    count, ended = 0, False
    with atomic_path(out, like=path) as temporary, tempfile.TemporaryFile() as errors:
        decoder = subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=errors)
        encoder = subprocess.Popen([*writing, str(temporary)], stdin=subprocess.PIPE, stderr=errors)
        try:
            while len(content := decoder.stdout.read(height * width * 3)) == height * width * 3:
                frame = np.frombuffer(content, np.uint8).reshape(height, width, 3)
                for rows in upscaler.bands(frame, tick):
                    encoder.stdin.write(np.ascontiguousarray(rows))
                count += 1
            encoder.stdin.close()
            ended = True
        except BrokenPipeError:
            pass  # the encoder gave up, and has said why
        finally:
            if not ended:
                decoder.kill()
                encoder.kill()
            decoder.stdout.close()
            status = decoder.wait(), encoder.wait()
        if any(status) or not count:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines()
            raise UserError(f"{path}: ffmpeg failed: {said[-1] if said else 'no frames'}")
    return count
