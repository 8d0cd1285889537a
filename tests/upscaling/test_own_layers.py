"""Networks in memory whose parts Keras cannot find by their names."""

import keras
import numpy as np
import pytest
from pictures import noise

import keras_secn
from keras_secn.upscaling.upscaler import Upscaler
from keras_secn.utils.errors import UserError


def _tiny(*layers, size=None):
    sides = size or (None, None)
    conv = keras.layers.Conv2D(3, 3, padding="same")
    return keras.Sequential(
        [keras.Input((*sides, 3)), conv, *layers, keras.layers.UpSampling2D(2)], name="tiny"
    )


def _own_layer():
    class Halved(keras.layers.Layer):
        def call(self, x):
            return x / 2

    return Halved()


def _own_function():
    def halved(x):
        return x / 2

    return keras.layers.Activation(halved)


OWN = {
    "lambda": lambda: keras.layers.Lambda(lambda x: x / 2),
    "layer": _own_layer,
    "function": _own_function,
}


@pytest.mark.parametrize("kind", OWN)
def test_layers_that_have_no_registered_name(kind):
    picture = noise((12, 9), 0).astype(np.uint8)
    model, plain = _tiny(OWN[kind]()), _tiny(keras.layers.Rescaling(0.5))
    plain.set_weights(model.get_weights())
    upscaler = Upscaler(model)
    assert upscaler.engine.radius == 1
    np.testing.assert_array_equal(upscaler(picture), Upscaler(plain)(picture))


class Scaled(keras.layers.Layer):
    """Cannot be made again: its configuration is incomplete."""

    def __init__(self, factor, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, x):
        return x * self.factor


def test_a_layer_that_cannot_be_made_again():
    picture = noise((12, 9), 0).astype(np.uint8)
    model, plain = _tiny(Scaled(0.5)), _tiny(keras.layers.Rescaling(0.5))
    plain.set_weights(model.get_weights())
    np.testing.assert_array_equal(Upscaler(model)(picture), Upscaler(plain)(picture))


@pytest.mark.parametrize("size", [(24, 24), (16, 20), (None, 8)])
def test_a_network_of_one_size_is_refused_by_its_reason(size):
    with pytest.raises(UserError, match="takes pictures of one size"):
        Upscaler(_tiny(size=size))


@pytest.mark.parametrize("model", [3, [1], {"a": 1}, np.zeros(3)])
def test_what_is_no_model(model):
    with pytest.raises(UserError, match="a Keras model, not"):
        keras_secn.upscale(np.zeros((8, 8, 3), np.uint8), model=model)


def test_a_subclassed_model_is_told_what_to_do():
    tiny, x = _tiny(), keras.Input((None, None, 3))

    class Own(keras.Model):
        def call(self, inputs):
            return tiny(inputs)

    model, picture = Own(name="own"), noise((12, 9), 0).astype(np.uint8)
    with pytest.raises(UserError, match="own is a subclass of keras.Model"):
        Upscaler(model)
    found = keras_secn.upscale(picture, model=keras.Model(x, model(x)))
    np.testing.assert_array_equal(found, keras_secn.upscale(picture, model=tiny))
