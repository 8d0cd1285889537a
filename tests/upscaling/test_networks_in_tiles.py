"""Networks in tiles: how far they see, where their gates are, and those that cannot be cut."""

import keras
import numpy as np
import pytest
from arrays import largest_difference, noise

from keras_secn import models
from keras_secn.layers import set_pooling
from keras_secn.metrics.protocol import image_upscaler
from keras_secn.upscaling.engines.keras import KerasEngine
from keras_secn.upscaling.upscaler import Upscaler
from keras_secn.utils.errors import UserError


def test_local_pooling_is_refused():
    model = set_pooling(models.build_ct_secn(n=1, blocks=1, filters=8), 24)
    with pytest.raises(UserError, match="local windows"):
        KerasEngine(model)


def test_layers_are_left_as_they_were(tiny_network):
    image = noise(1, 30, 30, 3).astype(np.float32)
    expected = tiny_network.predict_on_batch(image)

    def state():
        layers = tiny_network._flatten_layers()
        calls = [(vars(layer).keys(), len(layer._inbound_nodes)) for layer in layers]
        return calls, tiny_network.predict_function, tiny_network.to_json()

    before = state()
    engine = KerasEngine(tiny_network)
    engine.tile(image[0], engine.pool(image))
    engine.whole(image[0])
    assert state() == before
    np.testing.assert_array_equal(tiny_network.predict_on_batch(image), expected)


def wrapped(tiny_network):
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, keras.layers.Rescaling(0.5)(tiny_network(inputs)))


def in_a_row(tiny_network):
    return keras.Sequential([keras.Input((None, None, 3)), tiny_network])


@pytest.mark.parametrize("outer", [wrapped, in_a_row])
def test_gates_of_networks_in_networks(outer, tiny_network, small_limits):
    model = outer(tiny_network)
    image = noise(39, 41, 3)
    expected = Upscaler(model, tile=64)(image)
    found = Upscaler(model, tile=32)(image)
    assert largest_difference(found, expected) <= 1
    assert largest_difference(found, image_upscaler(model)(image)) <= 1


def test_gates_out_of_reach_are_refused(tiny_network):
    @keras.saving.register_keras_serializable("tests")
    class Around(keras.layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.inner = tiny_network

        def call(self, inputs):
            return self.inner(inputs)

        def compute_output_shape(self, shape):
            return self.inner.compute_output_shape(shape)

    inputs = keras.Input((None, None, 3))
    with pytest.raises(UserError, match="where tiles cannot reach it"):
        KerasEngine(keras.Model(inputs, Around()(inputs)))


# head and body 1 each, 2 a block, upsampler 1, tail 1 HR pixel
@pytest.mark.parametrize(
    ("build", "radius"),
    [
        (lambda: models.build_ct_secn(n=1, blocks=2, filters=8), 8),
        (lambda: models.build_edsr(blocks=3, filters=4), 10),
        (lambda: models.build_edsr(scale=3, blocks=1, filters=4), 6),
        (models.build_srcnn, 5),
    ],
)
def test_receptive_field_is_measured(build, radius):
    assert KerasEngine(build()).radius == radius


def test_a_network_that_sees_everything_runs_whole():
    inputs = keras.Input((None, None, 3))
    mean = keras.layers.GlobalAveragePooling2D(keepdims=True)(inputs)
    outputs = keras.layers.UpSampling2D(2)(inputs - mean)
    upscaler = Upscaler(keras.Model(inputs, outputs), tile=32)
    assert upscaler.engine.radius is None
    image = noise(80, 70, 3)
    expected = np.clip(np.floor(image - image.mean(axis=(0, 1)) + 0.5), 0, 255)
    expected = expected.repeat(2, axis=0).repeat(2, axis=1)
    assert np.abs(upscaler(image) - expected).max() <= 1
