"""Latency of networks on this machine."""

import os
import pathlib
import statistics
import time

import numpy as np
from tqdm import tqdm

from keras_secn.utils.allocator import keep_freed_memory


def run_seconds(upscalers, size, rounds, progress=False):
    """Seconds of each run of upscalers, in turns, so that ratios hold on a busy machine.

    `upscalers` are functions of a uint8 LR picture (H, W, 3) by name, and so is the result. The
    picture is noise of `size`; a first round is not counted.
    """
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    times = {name: [] for name in upscalers}
    for turn in tqdm(range(rounds + 1), disable=not progress, unit="round", leave=False):
        for name, upscale in upscalers.items():
            started = time.perf_counter()
            upscale(picture)
            if turn:
                times[name].append(time.perf_counter() - started)
    return times


def measured_seconds(upscalers, size=(128, 128), rounds=5, progress=False):
    """The medians of `run_seconds`, with the allocator's settings of the command."""
    keep_freed_memory(one_arena=True)
    times = run_seconds(upscalers, size, rounds, progress)
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
