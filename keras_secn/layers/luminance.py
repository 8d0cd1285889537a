"""Luminance in and out of networks that enlarge Y alone; Cb and Cr are interpolated."""

import keras
from keras import ops

from keras_secn.data.color import BLACK, LUMA
from keras_secn.layers.package import PACKAGE


def luminance(pictures):
    """Luminance (BT.601, 16..235) of RGB pictures in 0..255: (B, H, W, 3) -> (B, H, W, 1)."""
    weights = ops.convert_to_tensor(LUMA, dtype=pictures.dtype)
    return ops.sum(pictures * weights, axis=-1, keepdims=True) + BLACK


@keras.saving.register_keras_serializable(PACKAGE)
class Luminance(keras.layers.Layer):
    """RGB in 0..255 to luminance in 16/255..235/255, the input of SRCNN and its successors.

    Shapes: (B, H, W, 3) -> (B, H, W, 1).
    """

    def call(self, inputs):
        return luminance(inputs) / 255.0

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 1)


@keras.saving.register_keras_serializable(PACKAGE)
class WithLuminance(keras.layers.Layer):
    """Replaces the luminance of RGB pictures; Cb and Cr stay.

    In BT.601, red, green and blue all change by 255/219 of a change of luminance.

    Shapes: [(B, H, W, 3), (B, H, W, 1)] -> (B, H, W, 3); RGB in 0..255, luminance as `Luminance`
    gives it.
    """

    def call(self, inputs):
        pictures, wanted = inputs
        return pictures + (255.0 * wanted - luminance(pictures)) * (255.0 / 219.0)

    def compute_output_shape(self, input_shape):
        return input_shape[0]
