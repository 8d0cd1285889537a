"""EDSR's upsampler as one small convolution: the same picture for 60 % of CT-SECN's arithmetic.

Nothing nonlinear stands between the upsampling convolution, the pixel shuffle and the tail. So one
5x5 convolution of the LR features gives all subpixels of the picture: 19 thousand multiply-adds per
LR pixel in place of 154 thousand (x2, 64 filters), and no feature map of 256 channels. At the
image's edge alone the two differ, as the tail sees zeros beyond it: there the original layers work,
on narrow strips.
"""

import keras
import numpy as np
from keras import ops

from ..layers import MeanShift, PixelShuffle

STRIP = 3  # LR pixels: what the outermost one depends on


def fuse_upsampler(model):
    """A network that gives the same pictures as `model`, of at least 6 LR pixels a side.

    Args:
        model: a Keras network.

    Returns:
        A new Keras network that shares the weights of all layers but the last ones; or `model`
        itself if it does not end as `build_network` lets networks end, or not in float32.
    """
    layers = model.layers[-4:]
    kinds = (keras.layers.Conv2D, PixelShuffle, keras.layers.Conv2D, MeanShift)
    if [type(layer) for layer in layers] != list(kinds):
        return model
    upsample, shuffle, tail, add_mean = layers
    # a chain, and no other layer listens in between
    chain = all(
        after.input is before.output for before, after in zip(layers, layers[1:], strict=False)
    )
    linear = all(
        layer.activation is keras.activations.linear
        and layer.kernel_size == (3, 3)
        and layer.padding == "same"
        and layer.use_bias
        and layer.compute_dtype == "float32"
        and layer.strides == layer.dilation_rate == (1, 1)
        for layer in (upsample, tail)
    )
    if not (chain and linear and model.outputs[0] is add_mean.output):
        return model
    fused = FusedUpsampler(upsample, shuffle, tail, name="fused_upsampler")
    return keras.Model(model.inputs, add_mean(fused(upsample.input)), name=model.name)


class FusedUpsampler(keras.layers.Layer):
    """Upsampling convolution, pixel shuffle and tail at once.

    Args:
        upsample, shuffle, tail: the three layers, built.

    Shapes: (B, H, W, C) -> (B, r * H, r * W, 3), H and W at least 2 * `STRIP`.
    """

    def __init__(self, upsample, shuffle, tail, **kwargs):
        super().__init__(**kwargs)
        self.exact = [upsample, shuffle, tail]
        self.scale = shuffle.block_size
        kernel, bias = fused_weights(*upsample.get_weights(), *tail.get_weights(), self.scale)
        self.conv = keras.layers.Conv2D(bias.size, kernel.shape[:2], padding="same", name="conv")
        self.conv.build((None, None, None, kernel.shape[2]))
        self.conv.set_weights([kernel, bias])
        self.built = True

    def call(self, inputs):
        scale = self.scale
        middle = ops.depth_to_space(self.conv(inputs), scale, data_format="channels_last")
        top = self._exactly(inputs[:, :STRIP])[:, :scale]
        bottom = self._exactly(inputs[:, -STRIP:])[:, -scale:]
        outputs = ops.concatenate([top, middle[:, scale:-scale], bottom], axis=1)
        left = self._exactly(inputs[:, :, :STRIP])[:, :, :scale]
        right = self._exactly(inputs[:, :, -STRIP:])[:, :, -scale:]
        return ops.concatenate([left, outputs[:, :, scale:-scale], right], axis=2)

    def _exactly(self, inputs):
        for layer in self.exact:
            inputs = layer(inputs)
        return inputs

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        height, width = (length and length * self.scale for length in (height, width))
        return batch, height, width, self.exact[-1].filters


def fused_weights(upsample, upsample_bias, tail, tail_bias, scale):
    """Kernel (5, 5, C, 3 * scale^2) and bias of the one convolution, before its pixel shuffle.

    Args:
        upsample, upsample_bias: of the convolution before the shuffle, (3, 3, C, D * scale^2).
        tail, tail_bias: of the one after it, (3, 3, D, 3).
        scale: of the shuffle.
    """
    channels, colours = tail.shape[2:]
    # channel order of depth_to_space: subpixel row, subpixel column, channel
    upsample = upsample.astype(np.float64).reshape(3, 3, -1, scale, scale, channels)
    upsample_bias = upsample_bias.astype(np.float64).reshape(scale, scale, channels)
    kernel = np.zeros((5, 5, upsample.shape[2], scale, scale, colours))
    bias = np.zeros((scale, scale, colours))
    for row, column, y, x in np.ndindex(scale, scale, 3, 3):
        # the tail's tap lies in this LR pixel, at this subpixel
        down, from_row = divmod(row + y - 1, scale)
        right, from_column = divmod(column + x - 1, scale)
        taps = tail[y, x].astype(np.float64)
        kernel[1 + down : 4 + down, 1 + right : 4 + right, :, row, column] += (
            upsample[..., from_row, from_column, :] @ taps
        )
        bias[row, column] += upsample_bias[from_row, from_column] @ taps
    bias += tail_bias
    return (
        kernel.reshape(5, 5, -1, scale**2 * colours).astype(np.float32),
        bias.ravel().astype(np.float32),
    )
