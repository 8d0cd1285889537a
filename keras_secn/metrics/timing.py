"""Latency of networks on this machine."""

import os
import pathlib
import statistics
import time

import numpy as np

from keras_secn.utils.allocator import keep_freed_memory


def measured_seconds(upscalers, size=(128, 128), rounds=5):
    """Median seconds of upscalers, timed in turns after a warm-up.

    Args:
        upscalers: dictionary from a name to a function of a uint8 LR picture (H, W, 3).
        size: height and width of the picture, of noise.
        rounds: turns of each.

    Returns:
        Dictionary from each name to seconds.
    """
    keep_freed_memory(one_arena=True)  # as the command does
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    times = {name: [] for name in upscalers}
    for turn in range(rounds + 1):
        for name, upscale in upscalers.items():
            started = time.perf_counter()
            upscale(picture)
            if turn:
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in times.items()}


def machine():
    """The processor's or device's name and how many of them there are."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        devices = jax.devices()
        if devices[0].platform != "cpu":
            return f"{len(devices)} x {devices[0].device_kind}"
    name, info = "unknown processor", pathlib.Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
        name = names[0] if names else name
    return f"{name}, {len(os.sched_getaffinity(0))} cores"
