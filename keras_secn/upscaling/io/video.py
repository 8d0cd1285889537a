"""Enlarges video through ffmpeg's pipes; sound and subtitles are copied."""

import collections
import contextlib
import functools
import math
import pathlib
import subprocess
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from keras_secn.upscaling.condition import Condition, smooth, video_condition
from keras_secn.upscaling.io import frame_times
from keras_secn.upscaling.io.containers import CONTAINERS, companions
from keras_secn.upscaling.io.probe import (
    LONGEST,
    MATRICES,
    SUFFIXES,
    address,
    is_video,
    opening,
    probe,
)
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError

QUIET = ["ffmpeg", "-v", "error", "-nostdin"]
RAW = ["-f", "rawvideo", "-pix_fmt", "rgb24"]
# chroma between the pixels is interpolated, and nothing is rounded twice
EXACT = "flags=bicubic+accurate_rnd+full_chroma_int"
# ffmpeg writes some names otherwise than it reads them
TRANSFERS = {"bt470m": "gamma22", "bt470bg": "gamma28"}
AHEAD = 8  # pieces of frames that wait for the encoder


def upscale_video(upscaler, path, out, *, tick=None):
    """Enlarges a video: H.264, or VP9 for `.webm`, with all that its file can hold.

    The shape of the pixels, the frames' times (in `.avi` the average rate), sound, subtitles,
    chapters, metadata and the description of the colors are kept. A warning says what is not: 10
    bits, alpha, pictures of the cover, streams that the new file cannot hold.

    Args:
        upscaler: an `Upscaler`.
        path, out: the files; `out` ends in one of `SUFFIXES`.
        tick: see `Upscaler.bands`.

    Returns:
        How many frames there were.

    Raises:
        UserError: ffmpeg is not installed, it cannot read or write these, or the video is HDR.
    """
    out = pathlib.Path(out)
    if not is_video(out):
        raise UserError(f"{out}: a video's name ends in one of {', '.join(sorted(SUFFIXES))}")
    clip = probe(path)
    height, width = clip.size
    large = upscaler.target.size(height, width)
    if max(large) > LONGEST:
        raise UserError(f"{path}: {large[1]}x{large[0]} is more than video holds ({LONGEST})")
    reading, writing, timing, left = _plan(path, clip, large, CONTAINERS[out.suffix.lower()])
    frame_bytes = math.prod(large) * 3
    with atomic_path(out, like=path) as temporary, contextlib.ExitStack() as stack:
        # left last, when the processes that their threads wait for have ended
        reader, writer = (stack.enter_context(ThreadPoolExecutor(1)) for _ in range(2))
        decoder, faults = _start(stack, reading, stdout=subprocess.PIPE)
        encoder, errors = _start(stack, [*writing, address(temporary)], stdin=subprocess.PIPE)
        times = None
        if timing:
            timer, _ = _start(stack, timing, stdout=subprocess.PIPE)
            times = frame_times.shown_at(timer.stdout, clip)
        count, state = 0, None if upscaler.networks.judges else Condition(True, "")
        try:
            send = _Sender(writer, encoder.stdin)
            if times:
                send(frame_times.matroska_header(*large, clip.rate))
            for content in _ahead(reader, decoder.stdout, height * width * 3):
                if times:
                    send(frame_times.matroska_frame(next(times), frame_bytes))
                frame = np.frombuffer(content, np.uint8).reshape(height, width, 3)
                if state is None:
                    # once: a video that changes its network flickers
                    state = video_condition(frame, clip.codec, clip.bits)
                    upscaler.networks.tell(path, state, large[0] / height)
                frame = smooth(frame, state.smoothing) if state.smoothing else frame
                for rows in upscaler.bands(frame, tick, not state.clean):
                    send(np.ascontiguousarray(rows))
                count += 1
            send.close()
        except _EncoderGone:
            decoder.kill()
        status = decoder.wait(), encoder.wait()
        said, damage = _last_line(errors), _last_line(faults)
        if any(status) or not count:
            raise UserError(f"{path}: ffmpeg failed: {said or damage or 'no frames'}")
    notes = [f"not kept: {'; '.join(left)}"] if left else []
    notes += [f"damaged in places ({damage})"] if damage else []
    if notes:
        warnings.warn(f"{path}: {'. '.join(notes)}", UserWarning, stacklevel=2)
    return count


def _plan(path, clip, large, container):
    """ffmpeg's commands, and a list of what is left out.

    One reads; one writes, to a file that is still to be named; the last prints the frames' times,
    and is `None` where the rate is constant.
    """
    height, width = clip.size
    notes = list(clip.notes)
    rate = frame_times.constant_rate(path, clip)
    if rate is None and not container.variable:
        notes.append(f"the frames' own times, which {container.muxer} cannot hold")
        rate = clip.rate
    if any(length % 2 for length in large):
        notes.append("the last row or column, because players take even sizes")
    color = clip.color
    # the frames that follow one of another size are made to fit
    scale = f"setpts=PTS-STARTPTS,scale={width}:{height}:{EXACT}"
    if not color.rgb:
        scale += f":in_color_matrix={MATRICES[color.matrix]}:in_range={color.range}"
    timing = rate is None
    # an instant of the original, or a part of a frame: a late start is no whole number of frames
    unit = clip.tick if timing else 1 / (64 * rate)
    own = [_passthrough(), "passthrough"]
    own += ["-enc_time_base", f"{unit.numerator}:{unit.denominator}"]
    constant = ["-r", str(rate)]
    reading = [*QUIET, *opening(path), "-map", f"0:{clip.index}", "-vf", scale]
    reading += [*(own if timing else constant), *RAW, "pipe:1"]
    bare = [*RAW, "-video_size", f"{large[1]}x{large[0]}", "-framerate", str(rate)]
    raw = ["-f", "matroska"] if timing else bare
    writing = [*QUIET, "-y", "-protocol_whitelist", "pipe", "-itsoffset", f"{clip.delay:.6f}"]
    writing += [*raw, "-i", "pipe:0", *opening(path), "-map", "0:v"]
    arguments, left = companions(clip, container)
    notes += left
    writing += [*arguments, "-map_metadata", "1", "-map_chapters", "1"]
    for key, value in clip.tags.items():
        writing += ["-metadata:s:v:0", f"{key}={value}"]
    pace = own if timing or (clip.delay and container.variable) else constant
    writing += ["-c:v", *container.video, *_colors(clip, large), *pace, "-f", container.muxer]
    ask = ["ffprobe", "-v", "quiet", "-select_streams", str(clip.index), "-of", "csv=p=0"]
    ask += ["-show_entries", "frame=best_effort_timestamp", *opening(path)]
    return reading, writing, ask if timing else None, list(dict.fromkeys(notes))


def _colors(clip, large):
    """ffmpeg's arguments that make YCbCr of RGB and say how: never an old tag on new numbers."""
    color = clip.color
    # VP9 has no name for the FCC's matrix; the other's numbers are nearly the same
    matrix = "smpte170m" if color.matrix == "fcc" else color.matrix
    level = "tv" if color.rgb else color.range
    scale = f"scale=out_color_matrix={MATRICES[matrix]}:out_range={level}"
    if clip.aspect:
        # a `max` beyond the greatest ratio of a screen's
        scale += f",setsar={clip.aspect.numerator}/{clip.aspect.denominator}:max=100000"
    # what players take is even
    even = [length - length % 2 for length in large]
    scale = f"crop={even[1]}:{even[0]}:0:0,{scale}"
    arguments = ["-vf", scale, "-pix_fmt", "yuv420p"]
    arguments += ["-colorspace", matrix, "-color_range", level]
    if color.primaries:
        arguments += ["-color_primaries", color.primaries]
    if color.transfer:
        arguments += ["-color_trc", TRANSFERS.get(color.transfer, color.transfer)]
    return arguments


@functools.lru_cache(maxsize=1)
def _passthrough():
    """The option that leaves the frames' times alone, by ffmpeg's age."""
    known = subprocess.run(["ffmpeg", "-v", "quiet", "-h", "long"], capture_output=True).stdout
    return "-fps_mode" if b"fps_mode" in known else "-vsync"


def _start(stack, command, **pipes):
    """A process that the stack's end leaves no trace of, and the file that gets its complaints."""
    errors = tempfile.TemporaryFile()  # noqa: SIM115
    stack.callback(errors.close)
    process = subprocess.Popen(command, stderr=errors, **pipes)
    stack.callback(_stop, process)
    return process, errors


def _stop(process):
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            # what is left in the buffer has nobody to go to
            with contextlib.suppress(OSError):
                pipe.close()


def _ahead(pool, pipe, size):
    """Yields frames of bytes; the next one is read while one is used."""
    coming = pool.submit(pipe.read, size)
    while len(content := coming.result()) == size:
        coming = pool.submit(pipe.read, size)
        yield content


class _EncoderGone(Exception):
    """The encoder takes no more, and has said why."""


class _Sender:
    """Writes to a pipe in the background, piece after piece; a few of them may wait."""

    def __init__(self, pool, pipe):
        self.pool, self.pipe, self.waiting = pool, pipe, collections.deque()

    def __call__(self, content):
        self._add(AHEAD, self.pipe.write, content)

    def close(self):
        self._add(0, self.pipe.close)

    def _add(self, most, *work):
        """Returns when at most so many pieces wait."""
        self.waiting.append(self.pool.submit(*work))
        try:
            while len(self.waiting) > most:
                self.waiting.popleft().result()
        except BrokenPipeError as error:
            raise _EncoderGone from error


def _last_line(file):
    file.seek(0)
    lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
