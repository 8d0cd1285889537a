"""Latency, peak memory and size of `.tflite` files, side by side."""

import os
import pathlib
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_secn.lite.interpreter import LiteModel
from keras_secn.metrics.timing import run_seconds
from keras_secn.utils.errors import UserError
from keras_secn.utils.memory import peak_mib


def benchmark(
    paths: Sequence[str | os.PathLike[str]],
    size: tuple[int, int],
    threads: int | None = None,
    rounds: int = 10,
    progress: bool = False,
) -> list[dict[str, Any]]:
    """Measures latency and peak memory of files on a synthetic picture.

    Files are timed in turns, so that ratios of medians hold on a busy machine. Memory is the peak
    of a process that runs only that file.

    Args:
        paths: `.tflite` files; ratios are to the first.
        size: (height, width) of the LR picture; files of smaller fixed size work in tiles.
        threads: for LiteRT.
        rounds: runs of each file, after one that is not counted.
        progress: shows a bar.

    Returns:
        A list of dictionaries: `file`, `bytes`, `median_ms`, `min_ms`, `ratio`,
        `peak_mib`.

    Raises:
        UserError: as `LiteModel`; rounds or size below 1.
    """
    if rounds < 1 or min(size) < 1:
        raise UserError("size and rounds must be at least 1")
    models = {index: LiteModel(path, threads) for index, path in enumerate(paths)}
    seconds = list(run_seconds(models, size, rounds, progress).values())
    medians = [float(np.median(times)) for times in seconds]
    return [
        {
            "file": str(path),
            "bytes": pathlib.Path(path).stat().st_size,
            "median_ms": median * 1e3,
            "min_ms": min(times) * 1e3,
            "ratio": median / medians[0],
            "peak_mib": peak_memory(path, size, threads),
        }
        for path, times, median in zip(paths, seconds, medians, strict=True)
    ]


def peak_memory(path, size, threads=None):
    """Peak MiB of a fresh process that runs a file once; `None` where the system does not tell."""
    command = [sys.executable, "-m", __name__, str(path), *map(str, size), str(threads or 0)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout) if done.stdout.strip() else None


if __name__ == "__main__":
    path, height, width, threads = sys.argv[1:]
    LiteModel(path, int(threads) or None)(np.zeros((int(height), int(width), 3), np.uint8))
    print(peak_mib() or "")
