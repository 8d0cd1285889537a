"""Chooses float32 or mixed bfloat16, by timing both."""

import time

import keras
import numpy as np

from keras_secn.layers.blocks import BLOCKS
from keras_secn.training import multihost, recipe
from keras_secn.training.devices import compiles_steps
from keras_secn.utils.errors import require_known
from keras_secn.utils.local_scope import local_scope
from keras_secn.utils.precision_scope import precision_scope

PATCH = (24, 24, 64)  # LR features of a patch that is timed
PRECISIONS = ("auto", *recipe.PRECISIONS)


def pick_precision(name="auto"):
    """Chooses the precision to train in; "auto" times both for a few steps on this machine.

    bfloat16 is twice as fast on processors with units for it and ten times slower where it is
    emulated, and no flag of the processor says which of the two TensorFlow will do.

    Returns:
        "float32" or "mixed_bfloat16", and the seconds per step of each (empty unless "auto").

    Raises:
        UserError: an unknown name.
    """
    require_known(name, PRECISIONS, "precision")
    if name != "auto":
        return name, {}
    with local_scope():
        seconds = {precision: _step_time(precision) for precision in PRECISIONS[1:]}
    fastest = min(seconds, key=seconds.get)
    # several processes must agree, whatever each of them measured
    return PRECISIONS[multihost.largest(PRECISIONS.index(fastest))], seconds


def _step_time(precision):
    with precision_scope(precision):
        model = keras.Sequential([keras.Input(PATCH), BLOCKS["se"](), BLOCKS["separable"]()])
    model.compile("adam", "mean_absolute_error", jit_compile=compiles_steps())
    patches = np.random.default_rng(0).random((16, *PATCH), np.float32)
    times = []
    for _ in range(6):
        started = time.perf_counter()
        model.train_on_batch(patches, patches)
        times.append(time.perf_counter() - started)
    return min(times[1:])
