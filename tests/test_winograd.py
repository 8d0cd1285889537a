"""3x3 convolutions by Winograd: the results and gradients of the backend's own."""

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_secn import winograd
from keras_secn.errors import UserError
from keras_secn.losses import supervised
from keras_secn.models import build_secn
from keras_secn.training import Recipe, train
from keras_secn.winograd import train_by_winograd

tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the kernels are TensorFlow's"
)
compiler = pytest.mark.skipif(
    not shutil.which(shlex.split(os.environ.get("CXX", "g++"))[0]), reason="no C++ compiler"
)


def convolution(inputs, outputs, activation):
    layer = keras.layers.Conv2D(outputs, 3, padding="same", activation=activation)
    layer.build((None, None, None, inputs))
    layer.bias.assign(keras.random.normal((outputs,), seed=1))
    return keras.Sequential([layer])


def outputs_and_gradients(model, x, target):
    import tensorflow as tf

    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = model(x)
        loss = tf.reduce_sum(y * target)
    return [y, *tape.gradient(loss, [x, *model.trainable_variables])]


@tensorflow
@compiler
@pytest.mark.parametrize(
    "shape, filters, activation",
    [
        ((2, 8, 8, 16), 16, None),
        ((1, 1, 1, 16), 32, "relu"),
        ((3, 13, 18, 48), 16, "relu"),
        ((1, 5, 31, 64), 64, None),
        ((2, 32, 32, 64), 64, "relu"),
        ((0, 8, 8, 16), 16, "relu"),
    ],
)
def test_outputs_and_gradients_are_those_of_the_backend(shape, filters, activation):
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape).astype("float32")
    target = rng.normal(size=(*shape[:3], filters)).astype("float32")
    model = convolution(shape[-1], filters, activation)
    expected = outputs_and_gradients(model, x, target)
    assert train_by_winograd(model) == 1
    for ours, theirs in zip(outputs_and_gradients(model, x, target), expected, strict=True):
        assert ours.shape == theirs.shape
        spread = max(1.0, float(np.std(theirs))) if np.size(theirs) else 1.0
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-4 * spread)


@tensorflow
@compiler
def test_a_training_goes_the_same_way(build_cache, tmp_path):
    cache = build_cache(min_hr=24)

    def trained(name, **options):
        recipe = Recipe(4, batch_size=2, hr_patch=24, interval=2, ema=0.0, **options)
        build = lambda: build_secn(blocks=2, filters=16)  # noqa: E731
        return train(build, recipe, cache, tmp_path / name).get_weights()

    plain = trained("plain")
    once, again = trained("once", winograd=True), trained("again", winograd=True)
    keras.utils.set_random_seed(0)
    start = build_secn(blocks=2, filters=16).get_weights()
    moved = max(np.abs(a - b).max() for a, b in zip(plain, start, strict=True))
    apart = max(np.abs(a - b).max() for a, b in zip(plain, once, strict=True))
    assert 0 < apart < 0.02 * moved
    # whoever resumes relies on it: threads add up in one order
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))


@tensorflow
@compiler
def test_what_does_not_suit_is_left_alone():
    inputs = keras.Input((None, None, 16))
    options = {"padding": "same"}
    layers = [
        keras.layers.Conv2D(16, 5, **options),
        keras.layers.Conv2D(16, 3),
        keras.layers.Conv2D(16, 3, strides=2, **options),
        keras.layers.Conv2D(16, 3, dilation_rate=2, **options),
        keras.layers.Conv2D(16, 3, groups=2, **options),
        keras.layers.Conv2D(16, 3, activation="tanh", **options),
        keras.layers.Conv2D(16, 3, use_bias=False, **options),
        keras.layers.Conv2D(16, 3, dtype="mixed_bfloat16", **options),
        keras.layers.DepthwiseConv2D(3, **options),
        keras.layers.Conv2D(12, 3, **options),
    ]
    model = keras.Model(inputs, [layer(inputs) for layer in layers])
    assert train_by_winograd(model) == 0


@tensorflow
@compiler
def test_all_body_convolutions_of_secn_suit():
    # two in each block, the one behind them, the upsampler; not head and tail, of 3 channels
    assert train_by_winograd(supervised(build_secn(blocks=3, filters=16))) == 8


@tensorflow
@compiler
def test_one_command_trains_by_winograd_in_float32_from_a_teacher(photos, tmp_path):
    teacher = tmp_path / "teacher" / "model.keras"
    teacher.parent.mkdir()
    build_secn(blocks=1, filters=16).save(teacher)
    script = pathlib.Path(__file__).parents[1] / "training" / "train.py"
    done = subprocess.run(
        [
            *(sys.executable, script, "--model=secn", '--arguments={"blocks":1,"filters":16}'),
            *(f"--initial={teacher}", f"--teacher={teacher}", "--winograd", "--steps=2"),
            *("--interval=1", "--batch_size=2", "--hr_patch=16", f"--data_dir={photos}"),
            *(f"--val_dir={photos}", f"--output_dir={tmp_path / 'run'}"),
            f"--cache_dir={tmp_path / 'cache'}",
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    recipe = json.loads((tmp_path / "run" / "settings.json").read_text())["recipe"]
    assert recipe["winograd"] and recipe["precision"] == "float32"  # `auto` times nothing here
    assert (tmp_path / "run" / "secn" / "model.keras").exists()


@tensorflow
@pytest.mark.parametrize("command", ["/no/such/compiler", "false"])
def test_a_compiler_that_is_not_there_or_fails_is_one_line(command, tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", command)
    with pytest.raises(UserError, match="compile") as caught:
        winograd.compiled(tmp_path)
    assert len(str(caught.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []  # nothing half-made


def test_other_backends_and_precisions_are_refused(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(UserError, match="KERAS_BACKEND=tensorflow"):
        train_by_winograd(build_secn(blocks=1, filters=16))
    with pytest.raises(UserError, match="float32"):
        Recipe(10, precision="mixed_bfloat16", winograd=True)
