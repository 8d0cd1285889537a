"""`--strategy mirrored`: several devices give what one gives on the same global batch."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

SCRIPT = pathlib.Path(__file__).with_name("devices.py")


@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_devices_equal_one(backend):
    pytest.importorskip(backend)
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, SCRIPT, "1,2,4", "200"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert result.returncode == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    assert [row["devices"] for row in rows] == [1, 2, 4]
    for row in rows:
        assert row["steps"] == 200
        assert (
            row["loss"][1] < 0.9 * row["loss"][0]
        )  # it learns, so that there is something to compare
        # float32 sums in another order, through 200 steps of Adam
        assert row["loss_difference"] < 1e-3 and row["weight_difference"] < 1e-3
