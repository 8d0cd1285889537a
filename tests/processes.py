"""Runs `tests/trainer.py` as processes of their own, and compares what they leave."""

import io
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import zipfile

import h5py
import numpy as np

COMPILED = os.path.join(tempfile.gettempdir(), f"keras-secn-tests-jax-{os.getuid()}")
TRAINER = pathlib.Path(__file__).with_name("trainer.py")
DEVICES = pathlib.Path(__file__).with_name("devices.py")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(log, folder, photos, cache, *, backend="jax", index=0, count=1, port=0, **flags):
    """Starts a trainer; what it prints goes to `log`. With a `count`, it is one of several."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
    # most of a short training's time is the compiler's
    environment["JAX_COMPILATION_CACHE_DIR"] = os.path.join(COMPILED, str(count))
    environment["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    if count > 1:
        flags["strategy"] = "multihost"
        environment.update(
            KERAS_DISTRIBUTION_JOB_ADDRESSES=f"127.0.0.1:{port}",
            KERAS_DISTRIBUTION_NUM_PROCESSES=str(count),
            KERAS_DISTRIBUTION_PROCESS_ID=str(index),
        )
    flags = {"folder": folder, "photos": photos, "cache": cache, **flags}
    command = [sys.executable, TRAINER, *(f"--{name}={value}" for name, value in flags.items())]
    with open(log, "w") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, env=environment)


def train_on_devices(backend, counts, steps):
    """Rows of `tests/devices.py`: one device, then each of `counts`."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
    rows = []
    for count in counts:
        command = [sys.executable, DEVICES, str(count), str(steps)]
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=900
        )
        assert result.returncode == 0, result.stderr
        one, several = (json.loads(x) for x in result.stdout.splitlines() if x.startswith("{"))
        rows = [*(rows or [one]), several]
    return rows


def start_group(count, logs, *where, **flags):
    """Starts `count` trainers that train one network together."""
    logs.mkdir(parents=True, exist_ok=True)
    port = free_port()
    return [
        start(logs / str(index), *where, index=index, count=count, port=port, **flags)
        for index in range(count)
    ]


def wait_for(text, log, process, seconds=600):
    """Waits until a process has printed `text`."""
    deadline = time.monotonic() + seconds
    while text not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.01)


def weights(path):
    """All numbers of a `.keras` file, by name, without Keras."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        content = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(content) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return found


def differences(folder, reference):
    """Largest differences of two runs' weights, and of their losses and scores."""
    one, other = (weights(run / "network" / "model.keras") for run in (folder, reference))
    assert one.keys() == other.keys()
    rows, others = (
        [
            [row[name] for name in ("step", "loss", "val_psnr", "learning_rate")]
            for row in json.loads((run / "network" / "history.json").read_text())
        ]
        for run in (folder, reference)
    )
    assert [row[0] for row in rows] == [row[0] for row in others]
    return (
        max(float(np.abs(one[name] - other[name]).max()) for name in one),
        float(np.abs(np.array(rows) - np.array(others)).max()),
    )
