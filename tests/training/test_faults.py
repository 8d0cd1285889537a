"""The short version of `make faults`: each fault once or twice."""

import faults
import pytest

pytest.importorskip("jax")  # the trainings run on it: it starts in half the time

ROUNDS = {
    "killed_build": 2,
    "damaged_cache": 2,
    "full_disk_cache": 1,
    "killed_training": 1,
    "stopped_training": 1,
    "damaged_checkpoint": 1,
    "full_disk_training": 1,
    "two_runs": 1,
    "clock_moved_back": 1,
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return faults.Bench(tmp_path_factory.mktemp("faults"), seed=1)


def _marked(name):
    trains = faults.FAULTS[name][0] == "training"
    return pytest.param(name, marks=pytest.mark.slow if trains else ())


@pytest.mark.parametrize("name", map(_marked, ROUNDS))
def test_fault(bench, name):
    _, _, function = faults.FAULTS[name]
    try:
        tried, lost, message = function(bench, ROUNDS[name])
    except faults.Skipped as reason:
        pytest.skip(str(reason))
    assert tried >= 1 and lost and message


def test_the_table_is_complete():
    groups = {group for group, _, _ in faults.FAULTS.values()}
    assert groups == {"training", "cache", "export", "upscaling"}
    assert set(ROUNDS) < set(faults.FAULTS)
