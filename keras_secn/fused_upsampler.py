"""EDSR's upsampler as one small convolution: the same picture for 60 % of CT-SECN's arithmetic.

Nothing nonlinear stands between the upsampling convolution, the pixel shuffle and the tail. So one
5x5 convolution of the LR features gives all subpixels of the picture: 19 thousand multiply-adds per
LR pixel in place of 154 thousand (x2, 64 filters), and no feature map of 256 channels, whose
rounding costs an integer file the most. At the picture's edges alone the two differ, since the tail
sees zeros beyond them: what it must not see is taken off there, row by row and column by column.
"""

import keras
import numpy as np

from .layers import PACKAGE, MeanShift, PixelShuffle

FIRST, LAST, WITHOUT_FIRST, WITHOUT_LAST = (0, 1), (-1, None), (1, None), (0, -1)
SIDES = {
    "top": (1, FIRST, WITHOUT_FIRST),
    "bottom": (1, LAST, WITHOUT_LAST),
    "left": (2, FIRST, WITHOUT_FIRST),
    "right": (2, LAST, WITHOUT_LAST),
}


def fuse_upsampler(model):
    """A network that gives the same pictures as `model`, up to float rounding.

    Args:
        model: a Keras network.

    Returns:
        A new Keras network that shares all layers but the last ones; or `model` itself if it does
        not end as `build_network` lets networks end, or not in float32.
    """
    if not is_fusible(model):
        return model
    upsample, shuffle, tail, last = model.layers[-4:]
    scale, features = shuffle.block_size, upsample.input
    weights = fused_weights(*upsample.get_weights(), *tail.get_weights(), scale)
    kernel, bias = weights.pop("everywhere")
    x = _convolution("tail", bias.size, kernel, bias)(features)
    for side, (axis, outermost, others) in SIDES.items():
        beyond = Lines(axis, *outermost, name=f"{side}_features")(features)
        for index, (kernel, bias) in enumerate(weights[side]):
            beyond = _convolution(f"{side}_beyond_{index}", bias.size, kernel, bias)(beyond)
        edge = Lines(axis, *outermost, name=f"{side}_edge")(x)
        edge = keras.layers.Add(name=f"{side}_corrected")([edge, beyond])
        rest = Lines(axis, *others, name=f"{side}_rest")(x)
        parts = [edge, rest] if outermost[0] == 0 else [rest, edge]
        x = keras.layers.Concatenate(axis, name=f"{side}_done")(parts)
    x = PixelShuffle(scale, name="pixel_shuffle")(x)
    # a layer that is called twice has no one input, which others ask for
    last = type(last).from_config(last.get_config())
    return keras.Model(model.input, last(x), name=model.name)


def is_fusible(model):
    """Whether a network ends in upsampling convolution, pixel shuffle and tail, in float32."""
    layers = model.layers[-4:]
    kinds = (keras.layers.Conv2D, PixelShuffle, keras.layers.Conv2D)
    if len(layers) < 4 or tuple(type(layer) for layer in layers[:3]) != kinds:
        return False
    if not isinstance(layers[3], MeanShift | keras.layers.Activation):
        return False
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
        for layer in (layers[0], layers[2])
    )
    return chain and linear and model.outputs[0] is layers[3].output


@keras.saving.register_keras_serializable(PACKAGE)
class Lines(keras.layers.Layer):
    """Some rows or columns of feature maps.

    Args:
        axis: 1 for rows, 2 for columns.
        start, stop: the first of them and the one after the last, as in a Python slice.

    Shapes: (B, H, W, C) -> (B, h, W, C) or (B, H, w, C).
    """

    def __init__(self, axis, start, stop, **kwargs):
        super().__init__(**kwargs)
        self.axis, self.start, self.stop = axis, start, stop

    def call(self, inputs):
        part = slice(self.start, self.stop)
        return inputs[:, part] if self.axis == 1 else inputs[:, :, part]

    def compute_output_shape(self, input_shape):
        shape = list(input_shape)
        if shape[self.axis] is not None:
            shape[self.axis] = len(range(shape[self.axis])[self.start : self.stop])
        elif (self.start, self.stop) in (FIRST, LAST):
            shape[self.axis] = 1
        return tuple(shape)

    def get_config(self):
        return {**super().get_config(), "axis": self.axis, "start": self.start, "stop": self.stop}


def _convolution(name, filters, kernel, bias):
    layer = keras.layers.Conv2D(filters, kernel.shape[:2], padding="same", name=name)
    layer.build((None, None, None, kernel.shape[2]))
    layer.set_weights([kernel, bias])
    return layer


def fused_weights(upsample, upsample_bias, tail, tail_bias, scale):
    """Kernels and biases that do the work of both convolutions, before the pixel shuffle.

    Args:
        upsample, upsample_bias: of the convolution before the shuffle, (3, 3, C, D * scale^2).
        tail, tail_bias: of the one after it, (3, 3, D, 3).
        scale: of the shuffle.

    Returns:
        A dictionary: `everywhere` is the (5, 5, C, 3 * scale^2) kernel and its bias for features
        that go on beyond the edges; for each of `SIDES` there is a list of kernels and biases,
        which give from the outermost row or column of features what to add to the outermost
        row or column of the result.
    """
    channels, colours = tail.shape[2:]
    # channel order of depth_to_space: subpixel row, subpixel column, channel
    upsample = upsample.astype(np.float64).reshape(3, 3, -1, scale, scale, channels)
    upsample_bias = upsample_bias.astype(np.float64).reshape(scale, scale, channels)
    tail = tail.astype(np.float64)
    taps = list(np.ndindex(scale, scale, 3, 3))
    kernel, bias = _sum_of(taps, upsample, upsample_bias, tail)
    weights = {"everywhere": _as_floats(kernel, bias + tail_bias)}
    # whole rows beyond the picture, corners included: what they would give reaches one row in
    above = [t for t in taps if t[0] + t[2] - 1 < 0]
    below = [t for t in taps if t[0] + t[2] - 1 >= scale]
    kernel, bias = _sum_of(above, upsample, upsample_bias, tail)
    weights["top"] = [_as_floats(-kernel[2:3], -bias)]
    kernel, bias = _sum_of(below, upsample, upsample_bias, tail)
    weights["bottom"] = [_as_floats(-kernel[2:3], -bias)]
    # columns beyond it without the corners: the second convolution sees zeros there, as the tail
    for side, tap, column, last in (("left", 2, 0, 0), ("right", 0, scale - 1, 2)):
        from_column = (column + last - 1) % scale
        first = upsample[:, tap : tap + 1, :, :, from_column]
        first = first.reshape(3, 1, -1, scale * channels)
        bias = upsample_bias[:, from_column].reshape(-1)
        second = np.zeros((3, 1, scale, channels, scale, scale, colours))
        for row, y in np.ndindex(scale, 3):
            down, from_row = divmod(row + y - 1, scale)
            second[1 + down, 0, from_row, :, row, column] -= tail[y, last]
        second = second.reshape(3, 1, scale * channels, -1)
        weights[side] = [_as_floats(first, bias), _as_floats(second, np.zeros(second.shape[-1]))]
    return weights


def _sum_of(taps, upsample, upsample_bias, tail):
    """What the given (subpixel row, subpixel column, y, x) of the tail read, as one kernel."""
    scale, colours = upsample.shape[3], tail.shape[3]
    kernel = np.zeros((5, 5, upsample.shape[2], scale, scale, colours))
    bias = np.zeros((scale, scale, colours))
    for row, column, y, x in taps:
        # the tap lies in this LR pixel, at this subpixel
        down, from_row = divmod(row + y - 1, scale)
        right, from_column = divmod(column + x - 1, scale)
        kernel[1 + down : 4 + down, 1 + right : 4 + right, :, row, column] += (
            upsample[..., from_row, from_column, :] @ tail[y, x]
        )
        bias[row, column] += upsample_bias[from_row, from_column] @ tail[y, x]
    return kernel, bias


def _as_floats(kernel, bias):
    kernel = kernel.reshape(*kernel.shape[:3], -1)
    return kernel.astype(np.float32), bias.ravel().astype(np.float32)
