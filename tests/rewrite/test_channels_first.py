"""Rewritten networks give the same picture with "channels_first" in keras.json."""

import keras
import numpy as np
import pytest

from keras_secn import models
from keras_secn.rewrite.fold_collapsible import fold
from keras_secn.rewrite.fuse_body import fuse_body
from keras_secn.rewrite.fuse_upsampler import fuse_upsampler


@pytest.fixture
def channels_first():
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    yield
    keras.config.set_image_data_format(before)


@pytest.fixture
def tf_keras_channels_first():
    tf_keras = pytest.importorskip("tf_keras")
    before = tf_keras.backend.image_data_format()
    tf_keras.backend.set_image_data_format("channels_first")
    yield
    tf_keras.backend.set_image_data_format(before)


def small_network():
    keras.utils.set_random_seed(0)
    return models.build_ct_secn(n=1, blocks=2, filters=8)


def small_pocket_network():
    keras.utils.set_random_seed(0)
    model = models.build_pocket_secn("s")
    # the tail starts from zero, which would hide all before it
    model.get_layer("tail").set_collapsed(
        np.random.default_rng(0).normal(0, 0.05, (3, 3, 16, 12)), np.zeros(12)
    )
    return model


def picture():
    return np.random.default_rng(0).uniform(0, 255, (1, 12, 15, 3)).astype("float32")


@pytest.mark.parametrize(
    "rewrite, make",
    [(fold, small_pocket_network), (fuse_upsampler, small_network), (fuse_body, small_network)],
)
def test_rewritten_network_gives_the_same_picture(rewrite, make, channels_first):
    model = make()
    rewritten = rewrite(model)
    assert rewritten is not model
    outputs = [keras.ops.convert_to_numpy(network(picture())) for network in (model, rewritten)]
    np.testing.assert_allclose(*outputs, atol=2e-3)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf_keras is TensorFlow's")
@pytest.mark.parametrize("make", [small_network, lambda: fold(small_pocket_network())])
def test_twin_gives_the_same_picture(make, channels_first, tf_keras_channels_first):
    pytest.importorskip("tensorflow_model_optimization")
    from keras_secn.lite.quantize.equalize import prepared
    from keras_secn.lite.twin import to_twin

    model = prepared(make(), [picture()[0].astype("uint8")])
    expected = keras.ops.convert_to_numpy(model(picture()))
    np.testing.assert_allclose(to_twin(model)(picture()).numpy(), expected, atol=2e-3)
