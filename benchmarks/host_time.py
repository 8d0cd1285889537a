"""What a training step costs the host: making its batch, and Keras' `fit` around it.

    KERAS_BACKEND=jax python benchmarks/host_time.py

A GPU takes 2 ms for a step of these networks: the thread that trains must do with less meanwhile.
Its processor time is measured, which other work on the machine hardly changes. The network has
SECN's variables in number and next to no arithmetic, so that on a CPU, too, `fit` is what remains:
an upper bound, with some of the arithmetic in it. The last column is the share of time that steps
wait for batches when a device is busy with each step for `--device_ms`.
"""

import os
import pathlib
import statistics
import time

from absl import flags
from flag_values import whole_numbers

from keras_secn.data.degradation import DEGRADATIONS
from keras_secn.training.app import run_app
from keras_secn.utils.errors import require_known
from keras_secn.utils.markdown import markdown_table

SAMPLES = pathlib.Path(__file__).resolve().parents[1] / "keras_secn" / "samples" / "train"
FLAGS = flags.FLAGS
flags.DEFINE_list("networks", ["1", "16"], "Residual blocks of the networks.")
flags.DEFINE_list("at_once", ["1", "10"], "Optimizer steps in one call.")
flags.DEFINE_list("processes", ["0", "1", "2"], "That make batches; 0: the training does.")
flags.DEFINE_list("degradations", ["none", "jpeg", "photo"], "Of the LR patches.")
flags.DEFINE_integer("steps", 300, "Of each measurement.", lower_bound=40)
flags.DEFINE_float("device_ms", 2.0, "How long the pretended device takes for a step.")


def fit_ms(blocks, at_once, steps):
    """Milliseconds of `fit` per step, on batches that are always there."""
    import keras
    import numpy as np

    from keras_secn.models.secn import build_secn
    from keras_secn.training.recipe import Recipe
    from keras_secn.training.several_steps import in_one_call
    from keras_secn.training.trainer import compile_model

    class Ready(keras.utils.PyDataset):
        num_batches = None

        def __getitem__(self, index):
            return np.zeros((1, 2, 2, 3), np.uint8), np.zeros((1, 4, 4, 3), np.uint8)

    model = in_one_call(build_secn(blocks=blocks, filters=16))
    compile_model(model, Recipe(steps=10**6, clipnorm=1.0), at_once=at_once)
    ends = []

    class Clock(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            ends.append(time.thread_time())

    model.fit(Ready(), steps_per_epoch=steps, verbose=0, shuffle=False, callbacks=[Clock()])
    first = len(ends) // 4  # the first ones compile and fill what is filled ahead
    return 1e3 * (ends[-1] - ends[first]) / (len(ends) - 1 - first) / at_once


def batch_ms(cache, degradation, processes, steps, device_ms):
    """Milliseconds per batch of 16 patches of 96; and how long steps wait for it, 0..1."""
    from keras_secn.data.patches import PatchDataset

    data = PatchDataset(
        cache, degradation=DEGRADATIONS[degradation], dtype="uint8", processes=processes
    )
    busy, waits = [], []
    for step in range(steps):
        time.sleep(device_ms / 1e3)
        started, worked = time.perf_counter(), time.thread_time()
        data[step]
        busy.append(time.thread_time() - worked)
        waits.append(time.perf_counter() - started)
    waited = statistics.fmean(waits[steps // 4 :])
    return 1e3 * statistics.fmean(busy[steps // 4 :]), waited / (waited + device_ms / 1e3)


def main(argv):
    networks, at_once, processes = (
        whole_numbers(FLAGS[name].value, name) for name in ("networks", "at_once", "processes")
    )
    for name in FLAGS.degradations:
        require_known(name, DEGRADATIONS, "degradation")

    import tempfile

    import keras

    from keras_secn.data.photo_cache import PhotoCache
    from keras_secn.metrics.timing import machine

    print(f"{machine()}; {os.cpu_count()} cores; Keras on {keras.backend.backend()}\n")
    rows = [
        {"blocks": blocks, "at_once": n, "ms": fit_ms(blocks, n, FLAGS.steps)}
        for blocks in networks
        for n in at_once
    ]
    columns = {"blocks": "{blocks}", "steps in a call": "{at_once}", "fit, ms a step": "{ms:.2f}"}
    print(markdown_table(columns, rows))
    with tempfile.TemporaryDirectory() as folder:
        cache = PhotoCache.build([SAMPLES], folder, min_hr=96, progress=False)
        rows = []
        for degradation in FLAGS.degradations:
            for count in processes:
                arguments = degradation, count, FLAGS.steps, FLAGS.device_ms
                ms, wait = batch_ms(cache, *arguments)
                rows.append({"degradation": degradation, "count": count, "ms": ms, "wait": wait})
    columns = {
        "degradation": "{degradation}",
        "processes": "{count}",
        "batch, ms a step": "{ms:.2f}",
        "input wait": "{wait:.0%}",
    }
    print(markdown_table(columns, rows))


if __name__ == "__main__":
    run_app(main)
