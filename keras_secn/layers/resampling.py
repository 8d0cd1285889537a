"""Upsampling without weights: pixel shuffle and bicubic interpolation."""

import keras
import numpy as np
from keras import ops

from keras_secn.data.imresize import contributions
from keras_secn.layers.package import PACKAGE


def repeat_edges(x, width):
    """Repeats the border pixels: (B, H, W, C) -> (B, H + 2 * width, W + 2 * width, C)."""
    x = ops.concatenate([x[:, :1]] * width + [x] + [x[:, -1:]] * width, axis=1)
    return ops.concatenate([x[:, :, :1]] * width + [x] + [x[:, :, -1:]] * width, axis=2)


@keras.saving.register_keras_serializable(PACKAGE)
class PixelShuffle(keras.layers.Layer):
    """Rearranges channels into pixels (ESPCN, Shi et al., CVPR 2016, section 3.2).

    Args:
        block_size: the factor by which height and width grow.

    Shapes: (B, H, W, C * block_size^2) -> (B, H * block_size, W * block_size, C).
    """

    def __init__(self, block_size=2, **kwargs):
        super().__init__(**kwargs)
        self.block_size = block_size

    def call(self, inputs):
        return ops.depth_to_space(inputs, self.block_size, data_format="channels_last")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        height, width = (length and length * self.block_size for length in (height, width))
        return batch, height, width, channels // self.block_size**2

    def get_config(self):
        return {**super().get_config(), "block_size": self.block_size}


@keras.saving.register_keras_serializable(PACKAGE)
class BicubicUpsample(keras.layers.Layer):
    """Bicubic enlargement as `imresize` computes it, but neither rounded nor clipped.

    A fixed convolution and a pixel shuffle: LiteRT has no bicubic resize, and that of the backends
    treats edges differently from MATLAB.

    Args:
        scale: the factor by which height and width grow.

    Shapes: (B, H, W, C) -> (B, scale * H, scale * W, C).
    """

    def __init__(self, scale=2, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale
        # of 9 pixels, the outputs in the middle one depend on two pixels to each side
        weights, indices = contributions(9, 9 * scale, scale)
        taps = np.zeros((5, scale))
        for phase in range(scale):
            np.add.at(taps[:, phase], indices[4 * scale + phase] - 2, weights[4 * scale + phase])
        self.taps = taps

    def call(self, inputs):
        channels = inputs.shape[-1]
        kernel = np.einsum("ay,bx,cd->abcyxd", self.taps, self.taps, np.eye(channels))
        kernel = ops.convert_to_tensor(kernel.reshape(5, 5, channels, -1), dtype=self.compute_dtype)
        x = repeat_edges(inputs, 2)  # as `contributions` clamps its indices
        x = ops.conv(x, kernel, padding="valid", data_format="channels_last")
        return ops.depth_to_space(x, self.scale, data_format="channels_last")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        height, width = (length and length * self.scale for length in (height, width))
        return batch, height, width, channels

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}
