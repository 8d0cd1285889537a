"""Several processes over the loopback train as one, stop together and go on together."""

import os
import signal
import subprocess
import sys
import time

import pytest
from processes import TRAINER, differences, start, start_group, wait_for

pytestmark = pytest.mark.slow

pytest.importorskip("jax")

FLAGS = {"steps": 60, "interval": 20, "batch_size": 4}


@pytest.fixture(scope="module")
def where(tmp_path_factory):
    from pictures import noise
    from PIL import Image

    base = tmp_path_factory.mktemp("multihost")
    (base / "photos").mkdir()
    for seed in range(3):
        Image.fromarray(noise((60, 64), seed)).save(base / "photos" / f"{seed}.png")
    return base


@pytest.fixture(scope="module")
def alone(where):
    """The run of a single process."""
    folder = where / "alone"
    process = start(where / "alone.log", folder, where / "photos", where / "cache", **FLAGS)
    assert process.wait(600) == 0, (where / "alone.log").read_text()
    return folder


def error_lines(log):
    return [line for line in log.read_text().splitlines() if line.startswith("error:")]


@pytest.mark.parametrize("count", [2])
def test_processes_equal_one(where, alone, count):
    folder = where / f"group{count}"
    logs = where / f"logs{count}"
    group = start_group(count, logs, folder, where / "photos", where / "cache", **FLAGS)
    assert [process.wait(600) for process in group] == [0] * count
    # float32 sums in another order
    weight, score = differences(folder, alone)
    assert weight < 1e-5 and score < 1e-2
    # the first process alone writes, and says so by what the others do not have
    assert "finished 1" in (logs / "1").read_text()


def test_stop_kill_and_resume(where, alone):
    folder = where / "cut"
    paths = (folder, where / "photos", where / "cache")

    # SIGTERM to one of them: both stop at the same step
    logs = where / "stopped"
    group = start_group(2, logs, *paths, nap=0.02, **FLAGS)
    wait_for("step 3\n", logs / "0", group[0])
    group[1].send_signal(signal.SIGTERM)
    assert [process.wait(600) for process in group] == [128 + signal.SIGTERM] * 2
    lines = [(logs / str(i)).read_text().splitlines()[-1] for i in range(2)]
    assert lines[0] == lines[1] and "stopped at step 20 of network" in lines[0]

    # kill -9 to the other, which the first one depends on
    logs = where / "killed"
    group = start_group(2, logs, *paths, nap=0.1, **FLAGS)
    wait_for("step 3\n", logs / "1", group[1])
    assert "skip 20" in (logs / "1").read_text()
    group[0].kill()
    killed = time.monotonic()
    assert group[1].wait(120) != 0
    assert time.monotonic() - killed < 120
    deadline = time.monotonic() + 60
    while not error_lines(logs / "1"):  # the witness speaks after the end
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (line,) = error_lines(logs / "1")
    assert "the same command resumes from the last checkpoint" in line
    assert "Traceback" not in (logs / "1").read_text()

    logs = where / "resumed"
    group = start_group(2, logs, *paths, **FLAGS)
    assert [process.wait(600) for process in group] == [0, 0]
    weight, score = differences(folder, alone)
    assert weight < 1e-5 and score < 1e-2


@pytest.mark.parametrize(
    ("backend", "words"),
    [("jax", "start it with srun or mpirun, or set"), ("tensorflow", "set KERAS_BACKEND=jax")],
)
def test_without_launcher(where, backend, words):
    hidden = ("KERAS_DISTRIBUTION", "SLURM", "OMPI")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
    command = [sys.executable, TRAINER, "--strategy=multihost", f"--folder={where / 'none'}"]
    command += [f"--photos={where / 'photos'}", f"--cache={where / 'cache'}"]
    result = subprocess.run(
        command,
        env={**environment, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith("error:") and words in last
    assert "Traceback" not in result.stderr
