"""What the benchmark of a training step times: our way, as `train` compiles it."""

import functools

import keras
import numpy as np
import pytest

from keras_secn.throughput import OurWay
from keras_secn.training import Recipe


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="Winograd's convolutions are TensorFlow's"
)
def test_our_way_by_winograd_is_timed_as_it_trains(build_cache):
    way = OurWay(16, build_cache(scale=2), Recipe(9, batch_size=1, hr_patch=16, winograd=True))
    assert way.name == "ours, float32, Winograd"
    calls = [vars(layer).get("call") for layer in way.model._flatten_layers()]
    assert any(isinstance(call, functools.partial) for call in calls)
    before = [np.array(weight) for weight in way.model.trainable_variables]
    seconds, wait = way.fit(2)
    assert seconds > 0 and 0 <= wait <= 1
    pairs = zip(way.model.trainable_variables, before, strict=True)
    assert all(np.isfinite(now).all() for now in way.model.trainable_variables)
    assert any(np.abs(now - then).max() > 0 for now, then in pairs)
