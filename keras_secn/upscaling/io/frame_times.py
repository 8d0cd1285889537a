"""When the frames of a video are shown, by its file or by its decoder."""

import re
import subprocess
from fractions import Fraction

from keras_secn.upscaling.io.probe import opening


def packet_times(path, clip):
    """Times of the frames by the file's packets, in ticks, in the order of showing.

    Returns:
        A list of numbers, or `None` if the file has no time for each.
    """
    command = ["ffprobe", "-v", "error", "-select_streams", str(clip.index), "-of", "csv=p=0"]
    command += ["-show_entries", "packet=pts,flags", *opening(path)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    times = []
    for line in done.stdout.splitlines():
        time, flags, *_ = [*line.split(","), ""]
        if "D" in flags:
            continue
        if not re.fullmatch(r"-?\d{1,18}", time):
            return None
        times.append(int(time))
    return sorted(times)


def constant_rate(clip, times):
    """The rate that times keep within a millisecond, or `None`.

    Args:
        clip: a `Clip`.
        times: of `packet_times`.
    """
    for rate in clip.rates:
        ticks = 1 / (rate * clip.tick)
        slack = max(1, float(Fraction(1, 1000) / clip.tick)) * 1.01
        gap = float(ticks)
        if all(abs(time - times[0] - i * gap) <= slack for i, time in enumerate(times)):
            return rate
    return None


def shown_at(lines, clip):
    """Yields when each frame is shown, from 0 on, later and later."""
    first = last = None
    step = 1 / float(clip.rate)
    for line in lines:
        text = line.decode(errors="replace").strip().strip(",")
        if not text:
            continue
        time = float(int(text) * clip.tick) if text.lstrip("-").isdigit() else None
        first = time if first is None else first
        now = 0.0 if last is None else last + step
        if time is not None and (last is None or time - first > last):
            now = time - first
        yield now
        last = now
    while True:
        last = 0.0 if last is None else last + step
        yield last
