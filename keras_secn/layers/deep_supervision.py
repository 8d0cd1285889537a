"""Marks intermediate pictures for deep supervision."""

import keras

from keras_secn.layers.package import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class Supervise(keras.layers.Layer):
    """Identity that marks an intermediate picture which the loss compares with HR, too.

    See `keras_secn.training.losses.supervised`.

    Args:
        weight: of its loss; the final picture's is 1.
        shrink: size of the final picture / size of this one.
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
