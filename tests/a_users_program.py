"""A user's program: loads, enlarges, trains and exports; prints what that changed in its process.

Run by `test_nothing_is_patched`. A JSON object on stdout: a list of differences per thing.
"""

import json
import logging
import os
import pathlib
import signal
import sys
import threading
import time
import warnings

import ai_edge_litert.interpreter  # noqa: F401 - what others change is not what is looked for
import h5py  # noqa: F401
import keras
import numpy as np
import tensorflow as tf

import keras_secn
from keras_secn import training


def users_model():
    model = keras_secn.build_ct_secn(n=1, blocks=2, filters=8)
    model.compile("adam", lambda hr, sr: keras.ops.mean(keras.ops.abs(hr - sr)))
    return model


def of_process():
    status = pathlib.Path("/proc/self/status").read_text().splitlines()
    return {
        "descriptors": [(os.fstat(fd).st_dev, os.fstat(fd).st_ino) for fd in (1, 2)],
        "streams": [id(sys.stdout), id(sys.stderr)],
        "umask": [line for line in status if line.startswith("Umask")],
        "import hooks": [repr(finder) for finder in (*sys.meta_path, *sys.path_hooks)],
        "environment": sorted(os.environ.items()),
        "warning filters": [str(line) for line in warnings.filters],
        "warning display": [id(warnings.showwarning)],
        "log levels": [logging.getLogger(name).level for name in (None, "tensorflow")],
        "signal handlers": [str(signal.getsignal(n)) for n in sorted(signal.valid_signals())],
        "keras settings": [
            keras.config.floatx(),
            keras.config.epsilon(),
            keras.config.backend(),
            keras.config.image_data_format(),
            keras.config.dtype_policy().name,
            str(keras.distribution.distribution()),
        ],
        "numpy errors": sorted(np.geterr().items()),
        "numpy printing": [str(item) for item in sorted(np.get_printoptions().items())],
    }


def of_model(model):
    layers = model._flatten_layers()
    return {
        "layers' calls": [
            (layer.path, id(layer.call.__func__), "call" in vars(layer)) for layer in layers
        ],
        "layers' settings": [
            (layer.path, layer.trainable, layer.dtype_policy.name, len(layer._inbound_nodes))
            for layer in layers
        ],
        "model": [
            model.to_json(),
            model.count_params(),
            id(model.optimizer),
            id(model.predict_function),
            str([float(np.sum(weight)) for weight in model.get_weights()]),
        ],
    }


class Watch(threading.Thread):
    """Looks at descriptors 1 and 2 all the while."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen = set()

    def run(self):
        while True:
            for fd in (1, 2):
                self.seen.add((fd, os.fstat(fd).st_dev, os.fstat(fd).st_ino))
            time.sleep(0.0005)


def use(model, tiny, folder):
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    keras_secn.load("pocket_secn_s")
    keras_secn.upscale(picture, engine="keras", model="pocket_secn_s")
    keras_secn.upscale(picture, engine="litert", model="pocket_secn_s")
    keras_secn.upscale(picture, model=model)
    keras_secn.upscale(folder / "photo.png", folder / "large.png", model=tiny)
    training.train(
        lambda: keras_secn.build_ct_secn(n=1, blocks=2, filters=8),
        training.Recipe(2, interval=1, batch_size=2, hr_patch=16),
        keras_secn.data.PhotoCache.build(folder, folder / "cache", progress=False),
        folder / "run",
        start=lambda fresh: training.continue_from(model, fresh),
        validate=lambda network: {"val_psnr": float(network.count_params())},
    )
    keras_secn.lite.export(model, folder / "model.tflite", progress=False)


def main(folder, tiny):
    model = users_model()
    # one use of Keras and of TensorFlow's writer, which set up what they need
    model.predict_on_batch(np.zeros((1, 8, 8, 3), np.float32))
    tf.summary.create_file_writer(str(folder / "events")).close()
    before, watch = {**of_process(), **of_model(model)}, Watch()
    watch.start()
    use(model, tiny, folder)
    seen = sorted(watch.seen)
    after = {**of_process(), **of_model(model)}
    found = {
        name: [
            [repr(one), repr(other)]
            for one, other in zip(before[name], after[name], strict=False)
            if one != other
        ]
        + [["", f"{len(before[name])} became {len(after[name])}"]]
        * (len(before[name]) != len(after[name]))
        for name in before
    }
    print(json.dumps({**found, "descriptors meanwhile": [repr(x) for x in seen[2:]]}))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2])
