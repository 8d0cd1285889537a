"""The short version of `make scale` runs to its end, and what must be equal is."""

import json
import pathlib
import subprocess
import sys

import pytest

pytest.importorskip("jax")
pytestmark = pytest.mark.slow

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "benchmarks" / "scale.py"


def test_short_version(tmp_path):
    figures = tmp_path / "scale.json"
    command = [sys.executable, SCRIPT, "--short", "--folder", tmp_path, "--json", figures]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    figures = json.loads(figures.read_text())
    assert [row["devices"] for row in figures["devices"]] == [1, 2]
    assert [row["processes"] for row in figures["processes"]] == [1, 2]
    # float32 sums in another order, through some steps of Adam
    assert all(row["weight_difference"] < 1e-3 for row in figures["devices"])
    assert all(row["weight_difference"] < 1e-3 for row in figures["processes"])
    few, many = figures["photographs"]
    assert many["disk_mb"] == pytest.approx(2 * few["disk_mb"], rel=0.01)
    assert many["peak_mb"] < few["peak_mb"] + 100
    assert list(tmp_path.iterdir()) == [tmp_path / "scale.json"]
