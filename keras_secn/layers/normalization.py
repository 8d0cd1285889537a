"""Subtracts the mean color at the input and adds it at the output (EDSR, section 3.3)."""

import keras
from keras import ops

from keras_secn.layers.package import PACKAGE

# Mean RGB of the DIV2K training photographs on a 0..1 scale (EDSR, section 3.3, published code).
DIV2K_MEAN = (0.4488, 0.4371, 0.4040)


@keras.saving.register_keras_serializable(PACKAGE)
class MeanShift(keras.layers.Layer):
    """Subtracts the mean RGB of DIV2K at the input, or adds it again at the output.

    Values are scaled to about -1..1, which suits learning rates and bfloat16.

    Args:
        inverse: `False` at the input (0..255 -> about -1..1), `True` at the output (back again).
        mean: the mean RGB, on a scale of 0..1.

    Shapes: (B, H, W, 3) -> the same.
    """

    def __init__(self, inverse=False, mean=DIV2K_MEAN, **kwargs):
        super().__init__(**kwargs)
        self.inverse = inverse
        self.mean = tuple(mean)

    def call(self, inputs):
        mean = ops.convert_to_tensor([255.0 * m for m in self.mean], dtype=self.compute_dtype)
        return inputs * 127.5 + mean if self.inverse else (inputs - mean) / 127.5

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "inverse": self.inverse, "mean": self.mean}
