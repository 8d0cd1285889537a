"""When the frames of a video are shown: by its file, by its decoder, for the encoder."""

import itertools
import re
import subprocess
from fractions import Fraction

from keras_secn.upscaling.io.probe import opening

UNIT = 10_000  # nanoseconds: Matroska's times are counted in these
UNKNOWN = b"\x01" + 7 * b"\xff"  # a size that is not known yet


def constant_rate(path, clip):
    """The rate that a file's frames keep within a millisecond; `None` if their times vary."""
    if clip.container == "avi":
        return clip.rate  # frames have no times of their own in it
    command = ["ffprobe", "-v", "error", "-select_streams", str(clip.index), "-of", "csv=p=0"]
    command += ["-show_entries", "packet=pts,flags", *opening(path)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    times = []
    for line in done.stdout.splitlines():
        time, flags, *_ = [*line.split(","), ""]
        if "D" in flags:
            continue
        if not re.fullmatch(r"-?\d{1,18}", time):
            return clip.rate
        times.append(int(time))
    times.sort()  # of packets, which come in the decoder's order
    slack = max(1, float(Fraction(1, 1000) / clip.tick)) * 1.01
    for rate in clip.rates:
        gap = float(1 / (rate * clip.tick))
        if all(abs(time - times[0] - i * gap) <= slack for i, time in enumerate(times)):
            return rate
    return None


def shown_at(lines, clip):
    """Yields when each frame is shown, from 0 on, later and later."""
    first = last = None
    for line in itertools.chain(lines, itertools.repeat(b"unknown")):
        text = line.decode(errors="replace").strip().strip(",")
        if not text:
            continue
        time = float(int(text) * clip.tick) if text.lstrip("-").isdigit() else None
        first = time if first is None else first
        if last is None:
            last = 0.0
        elif time is not None and time - first > last:
            last = time - first
        else:
            last += 1 / float(clip.rate)
        yield last


def _element(name, content, size=None):
    """An element of Matroska (RFC 8794): its ID, its size in eight bytes, its content."""
    size = len(content) if size is None else size
    return bytes.fromhex(name) + (size | 1 << 56).to_bytes(8, "big") + content


def _number(name, value):
    return _element(name, value.to_bytes(8, "big"))


def matroska_header(height, width, rate):
    """What comes before the frames of an uncompressed RGB video in Matroska (RFC 9559).

    The average rate, in frames a second, says how long the last one is shown.
    """
    picture = _number("B0", width) + _number("BA", height) + _element("2EB524", b"RGB\x18")
    track = _number("D7", 1) + _number("73C5", 1) + _number("83", 1)
    track += _number("23E383", round(1e9 / rate))
    track += _element("86", b"V_UNCOMPRESSED") + _element("E0", picture)
    content = _element("1549A966", _number("2AD7B1", UNIT))
    content += _element("1654AE6B", _element("AE", track))
    ebml = _element("1A45DFA3", _element("4282", b"matroska"))
    return ebml + bytes.fromhex("18538067") + UNKNOWN + content


def matroska_frame(seconds, size):
    """What comes before the pixels, `size` bytes, of a frame that is shown at so many seconds."""
    time = _number("E7", round(seconds * 1e9 / UNIT))
    # track 1, no time beyond the cluster's, a key frame
    block = _element("A3", b"\x81\x00\x00\x80", 4 + size)
    return _element("1F43B675", time + block, len(time) + len(block) + size)
