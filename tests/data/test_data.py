"""Patches, their order in `fit`, and the measure of waiting."""

import os
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_secn.data import photo_cache
from keras_secn.data.dihedral import dihedral
from keras_secn.data.imresize import imresize
from keras_secn.data.patches import PatchDataset
from keras_secn.training.input_wait import InputWait
from keras_secn.utils.errors import UserError


def coordinates(tmp_path, sizes, scale=2):
    """A cache whose pixels tell their own HR row, HR column and photograph."""

    def produce(start, end):
        for number, (height, width) in list(enumerate(sizes))[start:end]:
            y, x = np.mgrid[: height * scale, : width * scale].astype(np.uint8)
            hr = np.stack([y, x, np.full_like(y, number)], axis=-1)
            yield str(number), hr, hr[::scale, ::scale]

    states = [(str(number), height * width) for number, (height, width) in enumerate(sizes)]
    return photo_cache.cache_pairs(
        tmp_path / "cache", "coordinates", states, scale, produce, strict=False, progress=False
    )


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_patches_are_aligned_under_every_turn(tmp_path, scale):
    cache = coordinates(tmp_path, [(20, 30), (25, 22)], scale)
    lr, hr = PatchDataset(cache, 64, 6 * scale, seed=3)[0]
    assert lr.dtype == hr.dtype == np.float32
    assert lr.shape == (64, 6, 6, 3) and hr.shape == (64, 6 * scale, 6 * scale, 3)
    # the pixels that an LR pixel stands for are, whatever the turn, the scale x scale below it
    blocks = hr.reshape(64, 6, scale, 6, scale, 3)
    np.testing.assert_array_equal(blocks.min(axis=(2, 4)), lr)
    np.testing.assert_array_equal(blocks.max(axis=(2, 4))[..., :2], lr[..., :2] + scale - 1)
    # a turn shows in where rows and columns grow; a patch is contiguous
    down, right = (lr[:, 1, 0] - lr[:, 0, 0])[:, :2], (lr[:, 0, 1] - lr[:, 0, 0])[:, :2]
    turns = {(*d, *r) for d, r in zip(down.tolist(), right.tolist(), strict=True)}
    assert len(turns) == 8
    assert np.all(np.abs(down).sum(axis=1) == scale) and np.all(np.abs(right).sum(axis=1) == scale)
    assert np.all((down * right).sum(axis=1) == 0)


def test_lr_patch_is_the_downscaled_hr_patch(build_cache):
    lr, hr = PatchDataset(build_cache(), 32, 24, seed=1)[0]
    for low, high in zip(lr, hr, strict=True):
        # beyond the border the patch's own downscaling lacks neighbors; a turned resize rounds
        # between its two passes in another order
        again = imresize(high.astype(np.uint8), scale=0.5).astype(float)
        assert np.abs(again - low)[3:-3, 3:-3].max() <= 1


def test_dihedral_is_the_group_of_the_square():
    image = np.arange(9).reshape(3, 3, 1)
    turned = {dihedral(image, turn).tobytes(): turn for turn in range(8)}
    assert len(turned) == 8
    for first in range(8):
        for second in range(8):
            assert dihedral(dihedral(image, first), second).tobytes() in turned


def test_photographs_are_drawn_by_their_positions(tmp_path):
    sizes = [(10, 10), (40, 40), (9, 100), (16, 12)]
    cache = coordinates(tmp_path, sizes)
    data = PatchDataset(cache, 4000, 20, seed=5)
    lr, _ = data[0]
    drawn = np.bincount(lr[:, 0, 0, 2].astype(int), minlength=4)
    room = np.array([1, 31 * 31, 0, 7 * 3])
    expected = 4000 * room / room.sum()
    assert drawn[2] == 0  # a side of 9 is less than the patch's 10
    used = room > 0
    # chi-square with two degrees of freedom: 13.8 is exceeded once in a thousand seeds
    assert ((drawn - expected)[used] ** 2 / expected[used]).sum() < 13.8
    # every position of the large photograph, equally often: 960 degrees of freedom
    top_left = lr[lr[:, 0, 0, 2] == 1][..., :2].min(axis=(1, 2)).astype(int) // 2
    counts = np.bincount(top_left[:, 0] * 31 + top_left[:, 1], minlength=31 * 31)
    assert len(counts) == 31 * 31
    expected = len(top_left) / 31**2
    assert ((counts - expected) ** 2 / expected).sum() < 960 + 5 * (2 * 960) ** 0.5


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 10**6), st.integers(0, 5))
def test_batch_is_a_function_of_seed_and_step(tmp_path_factory, seed, step, ahead):
    cache = coordinates(tmp_path_factory.mktemp("c"), [(20, 30)])
    one = PatchDataset(cache, 4, 12, seed=seed, start_step=step)
    one[0]
    resumed = PatchDataset(cache, 4, 12, seed=seed, start_step=step + ahead)
    for a, b in zip(one[ahead], resumed[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one[ahead][0], one[ahead + 1][0])
    other = PatchDataset(cache, 4, 12, seed=seed + 1, start_step=step)
    assert not np.array_equal(one[0][0], other[0][0])


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_shards_together_are_the_batch(tmp_path, count):
    cache = coordinates(tmp_path, [(20, 30)])
    whole = PatchDataset(cache, 6, 8)[7]
    for index in range(count):
        part = PatchDataset(cache, 6, 8, shard=(index, count))[7]
        for a, b in zip(part, whole, strict=True):
            np.testing.assert_array_equal(a, b[index::count])


def test_patches_that_cannot_be_had(build_cache):
    cache = build_cache()
    with pytest.raises(UserError, match=r"256x256.*larger than every photograph.*50x40") as error:
        PatchDataset(cache, hr_patch=256)
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match="multiple of the scale"):
        PatchDataset(cache, hr_patch=25)
    with pytest.raises(UserError, match="cannot be shared"):
        PatchDataset(cache, 16, 24, shard=(0, 3))
    with pytest.raises(IndexError):
        PatchDataset(cache, 4, 24, steps=2)[2]
    assert len(list(PatchDataset(cache, 4, 24, steps=2))) == 2


# --- in fit


NO_WEIGHTS = "ignore:The model does not have any trainable weights"


class Stamped(PatchDataset):
    """Each batch's LR is its step, and takes `nap` seconds."""

    nap = 0.0

    def __getitem__(self, index):
        time.sleep(self.nap)
        lr, hr = super().__getitem__(index)
        lr[:] = self.start_step + index
        return lr, hr


class Steps(keras.callbacks.Callback):
    """Notes the steps of the batches that the model was trained on, each taking `nap` seconds."""

    def __init__(self, nap=0.0):
        super().__init__()
        self.seen = []
        self.nap = nap

    def on_train_batch_begin(self, batch, logs=None):
        self.model.reset_metrics()

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(round(float(logs["loss"])))
        time.sleep(self.nap)


def echo():
    """A model whose loss is the mean of its input."""
    inputs = keras.Input((None, None, 3))
    outputs = keras.layers.UpSampling2D(2)(keras.layers.Rescaling(1.0)(inputs))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", lambda _, outputs: keras.ops.mean(outputs), jit_compile=False)
    return model


@pytest.mark.filterwarnings(NO_WEIGHTS, "ignore:`shuffle=True` was passed")
@pytest.mark.parametrize("steps", [12, None])
def test_fit_takes_the_batches_in_order(build_cache, steps):
    options = {"epochs": 3, "steps_per_epoch": 4, "verbose": 0, "shuffle": steps is None}
    whole, resumed = Steps(), Steps()
    data = Stamped(build_cache(), 2, 16, steps=steps)
    logs = echo().fit(data, callbacks=[InputWait(data), whole], **options).history
    assert whole.seen == list(range(12))
    assert len(logs["input_wait"]) == 3 and all(0 <= share <= 1 for share in logs["input_wait"])
    data = Stamped(build_cache(), 2, 16, start_step=4, steps=steps and 8)
    echo().fit(data, initial_epoch=1, callbacks=[InputWait(data), resumed], **options)
    assert resumed.seen == whole.seen[4:]


@pytest.mark.filterwarnings(NO_WEIGHTS)
def test_shuffled_batches_are_an_error(build_cache):
    data = Stamped(build_cache(), 2, 16, steps=50)
    with pytest.raises(RuntimeError, match="shuffle=False"):
        echo().fit(data, steps_per_epoch=10, epochs=5, callbacks=[InputWait(data)], verbose=0)


@pytest.mark.filterwarnings(NO_WEIGHTS)
@pytest.mark.parametrize(("input_nap", "low", "high"), [(0.05, 0.6, 1.0), (0.005, 0.0, 0.4)])
def test_input_wait_tells_slow_input_from_slow_steps(build_cache, input_nap, low, high):
    data = Stamped(build_cache(), 2, 16, steps=20)
    data.nap = input_nap
    wait = InputWait(data)
    callbacks = [wait, Steps(0.0 if input_nap > 0.02 else 0.03)]
    logs = (
        echo()
        .fit(data, epochs=2, steps_per_epoch=10, callbacks=callbacks, shuffle=False, verbose=0)
        .history
    )
    assert low <= wait.share <= high
    assert min(logs["input_wait"]) <= wait.share <= max(logs["input_wait"])


WITHOUT_TENSORFLOW = """
import sys
sys.modules["tensorflow"] = None  # as if it were not installed
import keras
from keras_secn.data import PatchDataset, PhotoCache
from keras_secn.training.input_wait import InputWait
cache = PhotoCache.build(sys.argv[1], sys.argv[2], progress=False)
data = PatchDataset(cache, 2, 16, steps=6)
model = keras.Sequential([keras.layers.Conv2D(3, 1), keras.layers.UpSampling2D(2)])
model.compile("sgd", "mae")
wait = InputWait(data)
model.fit(data, epochs=2, steps_per_epoch=3, shuffle=False, callbacks=[wait], verbose=0)
assert keras.backend.backend() == "jax" and 0 < wait.share < 1
"""


def test_runs_where_tensorflow_is_not_installed(photos, tmp_path):
    pytest.importorskip("jax")
    command = [sys.executable, "-c", WITHOUT_TENSORFLOW, photos, tmp_path / "cache"]
    subprocess.run(command, check=True, env={**os.environ, "KERAS_BACKEND": "jax"}, timeout=120)


INTERRUPTED = """
import sys, time
import keras
from keras_secn.data import PatchDataset, PhotoCache

class Slow(PatchDataset):
    def __getitem__(self, index):
        time.sleep(0.3)
        return super().__getitem__(index)

class Interrupt(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt

cache = PhotoCache.build(sys.argv[1], sys.argv[2], progress=False)
model = keras.Sequential([keras.layers.Conv2D(3, 1), keras.layers.UpSampling2D(2)])
model.compile("sgd", "mae")
try:
    model.fit(Slow(cache, 2, 16), steps_per_epoch=9, callbacks=[Interrupt()], verbose=0)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_interrupted_training_exits(photos, tmp_path):
    # without the clean-up in keras_secn.data, TensorFlow's input thread hung two times of three
    command = [sys.executable, "-c", INTERRUPTED, photos, tmp_path / "cache"]
    assert subprocess.run(command, timeout=120).returncode == 130
