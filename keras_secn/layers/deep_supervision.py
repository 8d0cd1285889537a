"""Marks on intermediate pictures that training compares with the original too."""

import keras

from keras_secn.layers.package import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class Supervise(keras.layers.Layer):
    """Marks an intermediate picture that training compares with HR as well; changes nothing.

    See `keras_secn.training.losses.supervised`.

    Args:
        weight: of its loss, beside 1 for the final picture.
        shrink: by how much the picture is smaller than the final one.
    """

    def __init__(self, weight=1.0, shrink=1, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight
        self.shrink = shrink

    def call(self, inputs):
        return inputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "weight": self.weight, "shrink": self.shrink}
