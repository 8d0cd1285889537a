"""Trains one network on one device and on several, and prints by how much the results differ.

    KERAS_BACKEND=jax python tests/devices.py 4 200

Prints a line of JSON for one device and one for several: images per second, and the largest
differences of the losses and of the weights. One number per process: TensorFlow's collectives keep
the size of their first group.
"""

import json
import os
import sys
import tempfile
import time

BATCH = 8


def strategy_of(devices):
    import keras

    from keras_secn.training.devices import data_parallel

    if len(devices) == 1:
        return None
    if keras.backend.backend() == "jax":
        return data_parallel(devices)
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(devices)


def main(several, steps):
    if os.environ.get("KERAS_BACKEND") == "jax":
        sys.modules["tensorflow"] = None
    import keras
    import numpy as np

    from keras_secn.data.patches import PatchDataset
    from keras_secn.data.photo_cache import cache_pairs
    from keras_secn.models.edsr_trunk import build_network
    from keras_secn.training.devices import list_devices, strategy_scope
    from keras_secn.training.recipe import Recipe
    from keras_secn.training.trainer import compile_model

    devices = list_devices(several)
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        cache = cache_pairs(
            *(folder, "devices", [("0", 1)], 2),
            lambda start, end: (item for item in [("0", pixels, pixels[::2, ::2])]),
            strict=True,
            progress=False,
        )

    class Losses(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.reset_metrics()
            losses.append(float(logs["loss"]))
            times.append(time.perf_counter())

    recipe = Recipe(steps, batch_size=BATCH, hr_patch=24, interval=steps)
    first = None
    for count in (1, several):
        keras.distribution.set_distribution(None)
        chosen = strategy_of(devices[:count])
        losses, times = [], []
        keras.utils.set_random_seed(0)
        with strategy_scope(chosen):
            model = build_network(["se", "separable"], filters=8)
            compile_model(model, recipe)
        data = PatchDataset(cache, BATCH, 24, steps=steps)
        options = {"steps_per_epoch": steps, "shuffle": False, "verbose": 0}
        model.fit(data, callbacks=[Losses()], **options)
        result = np.array(losses), model.get_weights()
        first = first or result
        print(
            json.dumps(
                {
                    "backend": keras.backend.backend(),
                    "devices": count,
                    "steps": len(losses),
                    "loss": [losses[0], losses[-1]],
                    "images_per_second": BATCH / float(np.median(np.diff(times))),
                    "loss_difference": float(np.abs(result[0] / first[0] - 1).max()),
                    "weight_difference": max(
                        float(np.abs(a - b).max()) for a, b in zip(result[1], first[1], strict=True)
                    ),
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
