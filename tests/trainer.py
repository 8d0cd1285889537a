"""Trains a network of two blocks, as a process of its own that tests can signal, kill and join.

It is `training/cascade.py` without its plots: the same library calls, the same error lines.
"""

import os
import pathlib
import sys

from absl import flags

from keras_secn.training.app import run_app

FLAGS = flags.FLAGS
flags.DEFINE_string("folder", None, "Where the run is kept.", required=True)
flags.DEFINE_string("photos", None, "Training photographs.", required=True)
flags.DEFINE_string("cache", None, "Folder of caches.", required=True)
flags.DEFINE_string("strategy", "single", "See keras_secn.training.devices.")
flags.DEFINE_integer("logical_devices", 0, "See keras_secn.training.devices.")
flags.DEFINE_integer("steps", 60, "Optimizer steps.")
flags.DEFINE_integer("interval", 20, "Steps between validations.")
flags.DEFINE_integer("batch_size", 4, "Patches per step.")
flags.DEFINE_float("ema", 0.9, "Momentum of the average.")
flags.DEFINE_float("nap", 0.0, "Seconds that each step takes more.")


def main(argv):
    # as if they were not installed: on JAX, Keras would import them and not need them
    sys.modules["tensorboard"] = None
    if os.environ.get("KERAS_BACKEND") == "jax":
        sys.modules["tensorflow"] = None
    import time

    import keras
    import numpy as np

    from keras_secn.data.photo_cache import PhotoCache
    from keras_secn.models.edsr_trunk import build_network
    from keras_secn.training import devices, multihost
    from keras_secn.training.recipe import Recipe
    from keras_secn.training.run_folder import run_folder
    from keras_secn.training.trainer import train

    devices = devices.pick_strategy(FLAGS.strategy, FLAGS.logical_devices)
    recipe = Recipe(
        FLAGS.steps,
        interval=FLAGS.interval,
        batch_size=FLAGS.batch_size,
        hr_patch=24,
        ema=FLAGS.ema,
    )
    probe = np.random.default_rng(0).uniform(0, 255, (1, 12, 10, 3)).astype(np.float32)

    def validate(model):
        return {"val_psnr": float(np.mean(model.predict_on_batch(probe)))}

    class Report(keras.callbacks.Callback):
        """Tells the tests how far it is."""

        def on_train_batch_end(self, batch, logs=None):
            print("step", batch, flush=True)
            time.sleep(FLAGS.nap)

    class Bar:
        def __call__(self, name):
            return Report()

        def skip(self, steps):
            print("skip", steps, flush=True)

        def say(self, text):
            print(text, flush=True)

    cache = PhotoCache.build(FLAGS.photos, FLAGS.cache, progress=False)
    with run_folder(FLAGS.folder, recipe) as folder:
        train(
            lambda: build_network(["se", "separable"], filters=8),
            recipe,
            cache,
            pathlib.Path(folder) / "network",
            validate=validate,
            strategy=devices,
            bar=Bar(),
        )
    print("finished", multihost.index(), flush=True)


if __name__ == "__main__":
    run_app(main)
