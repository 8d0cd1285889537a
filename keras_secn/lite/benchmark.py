"""Latency, peak memory and size of `.tflite` files, side by side."""

import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from keras_secn.lite.interpreter import LiteModel
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table


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
    seconds = _time(paths, size, threads, rounds, progress)
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


def time_files(paths, size, threads=None, rounds=10, progress=False):
    """The median seconds of each file, timed as `benchmark` does."""
    return [float(np.median(times)) for times in _time(paths, size, threads, rounds, progress)]


def _time(paths, size, threads, rounds, progress):
    if rounds < 1 or min(size) < 1:
        raise UserError("size and rounds must be at least 1")
    models = [LiteModel(path, threads) for path in paths]
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    seconds = [[] for _ in models]
    for turn in tqdm(range(rounds + 1), disable=not progress, unit="round", leave=False):
        for model, times in zip(models, seconds, strict=True):
            started = time.perf_counter()
            model(picture)
            if turn:
                times.append(time.perf_counter() - started)
    return seconds


def peak_memory(path, size, threads=None):
    """Peak resident memory in MiB of a fresh process that runs a file once, interpreter included.

    `None` where the system does not tell (only Linux does).
    """
    command = [sys.executable, "-m", __name__, str(path), *map(str, size), str(threads or 0)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout) if done.stdout.strip() else None


def to_markdown(rows):
    """The results as a table."""
    cells = [
        {
            **row,
            "file": pathlib.Path(row["file"]).name,
            "kb": row["bytes"] / 1000,
            "peak": "-" if row["peak_mib"] is None else f"{row['peak_mib']:.0f}",
        }
        for row in rows
    ]
    columns = {
        "file": "{file}",
        "size (KB)": "{kb:.0f}",
        "median (ms)": "{median_ms:.1f}",
        "best (ms)": "{min_ms:.1f}",
        "ratio": "{ratio:.2f}",
        "peak memory (MiB)": "{peak}",
    }
    return markdown_table(columns, cells)


def _print_peak(path, height, width, threads):
    LiteModel(path, int(threads) or None)(np.zeros((int(height), int(width), 3), np.uint8))
    status = pathlib.Path("/proc/self/status")
    if status.is_file():
        # not getrusage: its maximum starts from the parent's
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        print(int(line.split()[1]) / 1024)


if __name__ == "__main__":
    _print_peak(*sys.argv[1:])
