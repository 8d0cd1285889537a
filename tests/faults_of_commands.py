"""Faults of exports and upscaling: killed at random moments."""

import contextlib
import functools
import os
import signal
import subprocess
import sys
import time

import numpy as np
from fault_bench import REPOSITORY, fault
from pictures import noise
from PIL import Image


def command_killed(bench, rounds, command, output, expected):
    """Kills a command at random moments: its output is not there, or whole."""
    started = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.monotonic() - started
    whole = expected(output)
    kills = 0
    while kills < rounds:
        output.unlink(missing_ok=True)
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        # the end, when files are written, more often than the rest
        moment = seconds * bench.random.choice([1.0, bench.random.random(), 0.95])
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment * bench.random.uniform(0.9, 1.02))
        kills += process.poll() is None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if output.exists():
            np.testing.assert_array_equal(expected(output), whole)
    subprocess.run(command, check=True, capture_output=True)
    np.testing.assert_array_equal(expected(output), whole)
    return kills, "nothing: no half file", "none (kill -9)"


@functools.lru_cache
def tiny_network(folder):
    code = (
        "import sys, keras; from keras_secn import build_ct_secn; keras.utils.set_random_seed(1);"
        "build_ct_secn(n=1, blocks=2, filters=8).save(sys.argv[1])"
    )
    path = folder / "tiny.keras"
    subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True)
    return path


def export_command(bench, output):
    script = REPOSITORY / "tflite" / "convert.py"
    flags = ["--model", tiny_network(bench.folder), "--quantization", "none", "--noprogress"]
    return [sys.executable, script, *flags, "--out", output]


@fault("export", "kill -9 at random moments")
def killed_export(bench, rounds):
    output = bench.folder / "exported" / "tiny.tflite"
    output.parent.mkdir(exist_ok=True)

    def expected(path):  # the description in the file tells the time: compare what it computes
        from keras_secn.lite.interpreter import LiteModel

        return LiteModel(path)(noise((20, 24), 0))

    return command_killed(bench, rounds, export_command(bench, output), output, expected)


@fault("upscaling", "kill -9 at random moments")
def killed_upscaling(bench, rounds):
    model = bench.folder / "tiny.tflite"
    if not model.exists():
        subprocess.run(export_command(bench, model), check=True, capture_output=True)
    picture, output = bench.folder / "large.png", bench.folder / "upscaled" / "large.png"
    Image.fromarray(noise((600, 800), 0)).save(picture)
    output.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "keras_secn.cli", "upscale", picture, "-o", output]
    command += ["--model", model, "--overwrite"]
    return command_killed(bench, rounds, command, output, lambda path: np.asarray(Image.open(path)))
