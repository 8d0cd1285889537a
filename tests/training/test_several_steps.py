"""Steps that a GPU takes in one call are those that a CPU takes one by one."""

import functools
import signal

import keras
import numpy as np
import pytest

from keras_secn.layers.blocks import SeparableSEBlock
from keras_secn.models import registry
from keras_secn.models.secn import build_ct_secn
from keras_secn.training import devices, several_steps, trainer
from keras_secn.training.recipe import Recipe
from keras_secn.utils.errors import Stopped


class Calls(keras.callbacks.Callback):
    """In place of a progress bar: notes the steps of each call; asks for a stop in the first."""

    def __init__(self, stop=False):
        super().__init__()
        self.stop = stop
        self.ends = []

    def skip(self, steps):
        pass

    def say(self, text):
        pass

    def __call__(self, name):
        return self

    def on_train_batch_begin(self, batch, logs=None):
        if self.stop:
            signal.raise_signal(signal.SIGTERM)

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(batch)


def test_steps_in_one_call_train_the_same_network(build_cache, tmp_path, monkeypatch):
    cache, entry = build_cache(min_hr=16), registry.system("espcn")
    recipe = Recipe(12, interval=12, batch_size=2, hr_patch=16, ema=0.9, clipnorm=1.0)

    def trained(folder, bar):
        network = trainer.train(
            lambda: entry.build(2, **entry.small), recipe, cache, tmp_path / folder, bar=bar
        )
        return network.get_weights()

    one_by_one = Calls()
    expected = trained("cpu", one_by_one)
    assert one_by_one.ends == list(range(12))

    monkeypatch.setattr(several_steps, "AT_ONCE", 4)
    monkeypatch.setattr(devices, "has_accelerator", lambda: True)
    calls = Calls()
    found = trained("gpu", calls)
    assert calls.ends == [3, 7, 11]
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)

    with pytest.raises(Stopped, match="step 4 "):
        trained("cut", Calls(stop=True))
    rest = Calls()
    again = trained("cut", rest)
    assert rest.ends == [3, 7]
    for one, other in zip(found, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_separable_blocks_train_as_dense_convolutions(build_cache, tmp_path, monkeypatch):
    cache, recipe = build_cache(min_hr=16), Recipe(4, interval=4, batch_size=2, hr_patch=16)

    def trained(folder, on_gpu):
        monkeypatch.setattr(devices, "has_accelerator", lambda: on_gpu)
        build = functools.partial(build_ct_secn, 1, blocks=1, filters=16)
        return trainer.train(build, recipe, cache, tmp_path / folder).get_weights()

    monkeypatch.setattr(several_steps, "AT_ONCE", 1)
    for one, other in zip(trained("cpu", False), trained("gpu", True), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (9, 6)])
@pytest.mark.parametrize("residual_scaling", [1.0, 0.1])
def test_a_composed_block_is_the_block(size, residual_scaling):
    rng = np.random.default_rng(0)
    block = SeparableSEBlock(residual_scaling)
    pixels = rng.normal(size=(2, *size, 16)).astype("float32")
    block.build(pixels.shape)
    block.set_weights([rng.normal(size=w.shape) for w in block.weights])
    expected = keras.ops.convert_to_numpy(block(pixels))
    block.composed = True
    found = keras.ops.convert_to_numpy(block(pixels))
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()
    assert "composed" not in block.get_config()


def test_calls_end_where_the_steps_end():
    for steps in range(1, 200):
        at_once = several_steps.steps_at_once(steps)
        assert steps % at_once == 0 and 1 <= at_once <= several_steps.AT_ONCE
    assert several_steps.steps_at_once(500) == several_steps.AT_ONCE


def test_steps_are_compiled_wherever_that_pays(monkeypatch):
    entry = registry.system("espcn")
    model = entry.build(2, **entry.small)
    for accelerator in (False, True):
        monkeypatch.setattr(devices, "has_accelerator", lambda found=accelerator: found)
        trainer.compile_model(model, Recipe(1))
        assert model.jit_compile == (accelerator or keras.backend.backend() != "tensorflow")
