"""Batches from processes of their own are those that one process makes."""

import gc
import os
import signal
import zlib

import numpy as np
import pytest

from keras_secn.data import PatchDataset
from keras_secn.data.degradation import DEGRADATIONS
from keras_secn.training.distillation import TaughtPatches


def assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("degradation", DEGRADATIONS)
def test_processes_make_the_same_batches(degradation, build_cache):
    options = {
        "batch_size": 4,
        "hr_patch": 24,
        "seed": 3,
        "start_step": 5,
        "shard": (1, 2),
        "degradation": DEGRADATIONS[degradation],
    }
    cache = build_cache()
    here, there = (PatchDataset(cache, **options, processes=n) for n in (0, 2))
    # Keras looks at the first ones, then begins anew
    for index in (0, 1, 0, 1, 2, 3, 4, 9, 5):
        assert_same(here[index], there[index])
    assert {process.poll() for process in there._ahead._processes} == {None}


def test_pixels_are_whole_numbers_in_either_form(build_cache):
    cache = build_cache()
    for batch, exact in zip(
        PatchDataset(cache, 4, 24, steps=2),
        PatchDataset(cache, 4, 24, steps=2, dtype="uint8"),
        strict=True,
    ):
        assert [pixels.dtype for pixels in (*batch, *exact)] == ["float32"] * 2 + ["uint8"] * 2
        assert_same(batch, exact)


def test_a_lost_process_costs_no_batch(build_cache):
    cache = build_cache()
    here, there = (PatchDataset(cache, 4, 24, processes=n) for n in (0, 2))
    assert_same(here[0], there[0])
    os.kill(there._ahead._processes[1].pid, signal.SIGTERM)
    for index in range(1, 6):
        assert_same(here[index], there[index])


def test_processes_end_with_the_dataset(build_cache):
    data = PatchDataset(build_cache(), 4, 24, processes=2)
    data[0]
    processes = data._ahead._processes
    del data
    gc.collect()
    assert all(process.returncode is not None for process in processes)


def test_teachers_see_whole_numbers(build_cache):
    class Teacher:
        def predict_on_batch(self, lr):
            return lr.repeat(2, axis=1).repeat(2, axis=2).astype("float32") + 0.5

    options = {"batch_size": 2, "hr_patch": 16}
    cache = build_cache()
    exact = TaughtPatches(cache, Teacher(), 0.5, dtype="uint8", **options)
    assert_same(exact[1], TaughtPatches(cache, Teacher(), 0.5, **options)[1])
    assert exact[1][1].dtype == np.float32


def test_batches_are_those_of_earlier_versions(build_cache):
    """A run that an older version began goes on with the batches that it would have had."""
    lr, hr = PatchDataset(build_cache(), 8, 24, seed=3, start_step=7)[2]
    assert (zlib.crc32(lr.tobytes()), zlib.crc32(hr.tobytes())) == (3353536860, 175653457)
