"""Measures a preset's seconds per megapixel on this machine."""

import time

import numpy as np

from keras_secn.presets.lite_files import preset_file
from keras_secn.upscaling.engines.choose import choose_engine

SIDE, ROUNDS = 128, 3


def seconds_per_megapixel(name):
    """Seconds for a million LR pixels on LiteRT, or `None` without a file: best of three tiles."""
    if not preset_file(name).is_file():
        return None
    engine = choose_engine(name, "litert")
    picture = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.float32)
    gates = engine.pool(picture[None])
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        engine.tile(picture, gates)
        seconds.append(time.perf_counter() - started)
    return round(min(seconds) / SIDE**2 * 1e6, 2)
