"""Chooses float32 or mixed bfloat16, by timing both."""

import pathlib
import sys
import time

import keras
import numpy as np

from keras_secn.layers.blocks import BLOCKS
from keras_secn.training import multihost
from keras_secn.training.devices import compiles_steps
from keras_secn.utils.errors import UserError, require_known
from keras_secn.utils.json_file import read_object
from keras_secn.utils.local_scope import local_scope
from keras_secn.utils.precision_scope import precision_scope

PATCH = (24, 24, 64)  # LR features of a patch that is timed
PRECISIONS = ("auto", "float32", "mixed_bfloat16")


def pick_precision(name, folder):
    """The precision that `name` says, float32 or mixed_bfloat16; "auto" times both here.

    bfloat16 is twice as fast on processors with units for it and ten times slower where it is
    emulated, and no flag of the processor says which of the two TensorFlow will do. With "auto", a
    run that was started in `folder` goes on in its precision.

    Raises:
        UserError: an unknown name, or the run's settings are damaged.
    """
    require_known(name, PRECISIONS, "precision")
    if name != "auto":
        return name
    path = pathlib.Path(folder) / "settings.json"
    if path.exists():
        settings = read_object(path)
        recipe = settings.get("last", settings.get("recipe"))
        if not isinstance(recipe, dict) or recipe.get("precision") not in PRECISIONS:
            raise UserError(f"{path} is damaged: it names no precision")
        return recipe["precision"]
    print("timing float32 and bfloat16 on this machine", file=sys.stderr)
    with local_scope():
        seconds = {precision: _step_time(precision) for precision in PRECISIONS[1:]}
    for precision, step in seconds.items():
        print(f"{precision}: {1000 * step:.0f} ms for a step of two blocks", file=sys.stderr)
    fastest = min(seconds, key=seconds.get)
    # several processes must agree, whatever each of them measured
    return PRECISIONS[multihost.largest(PRECISIONS.index(fastest))]


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
