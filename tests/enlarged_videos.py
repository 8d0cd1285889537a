"""Videos enlarged by what repeats pixels: all that a result says of its source can be told."""

import os
import subprocess
import types
import warnings

import pytest

from keras_secn.upscaling.io import video
from keras_secn.upscaling.target import Target
from keras_secn.utils.errors import UserError


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


def children():
    """ffmpeg's processes that this one started and that live."""
    found = subprocess.run(["ps", "-o", "comm=", "--ppid", str(os.getpid())], capture_output=True)
    return [name for name in found.stdout.decode().split() if name.startswith("ff")]
