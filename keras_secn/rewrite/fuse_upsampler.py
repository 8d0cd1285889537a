"""EDSR's upsampler as one small convolution: the same picture for 60 % of CT-SECN's arithmetic.

Nothing nonlinear stands between the upsampling convolution, the pixel shuffle and the tail. So one
5x5 convolution of the LR features gives all subpixels of the picture: 19 thousand multiply-adds per
LR pixel in place of 154 thousand (x2, 64 filters), and no feature map of 256 channels, whose
rounding costs an integer file the most. At the picture's edges alone the two differ, since the tail
sees zeros beyond them: what it must not see is taken off there, row by row and column by column.

A network for x4 has two upsampling convolutions: they and the tail become one 5x5 convolution,
77 thousand multiply-adds in place of 765 thousand. The outermost LR pixels go the longer way.
"""

import keras
import numpy as np
from keras import ops

from keras_secn.layers.convolution import conv
from keras_secn.layers.lines import FIRST, LAST, WITHOUT_FIRST, WITHOUT_LAST, Lines
from keras_secn.layers.normalization import MeanShift
from keras_secn.layers.resampling import PixelShuffle
from keras_secn.utils.precision_scope import precision_scope

SIDES = {
    "top": (1, FIRST, WITHOUT_FIRST),
    "bottom": (1, LAST, WITHOUT_LAST),
    "left": (2, FIRST, WITHOUT_FIRST),
    "right": (2, LAST, WITHOUT_LAST),
}


@precision_scope("float32")  # whatever the policy of the program is
def fuse_upsampler(model):
    """A new network of the same pictures up to float rounding; shares all layers but the last ones.

    At x4 it is for pictures of at least 3 LR pixels a side. `model` itself is returned if it does
    not end as `build_network` lets networks end, or not in float32.
    """
    if not is_fusible(model) or model.layers[-4].compute_dtype != "float32":
        return model
    upsample, shuffle, tail, last = model.layers[-4:]
    scale, features = shuffle.block_size, upsample.input
    weights = fused_weights(upsample.kernel, upsample.bias, tail.kernel, tail.bias, scale)
    if _has_two_stages(model):
        x = _two_stages(*model.layers[-6:-4], weights)
    else:
        x = fused_layers(features, weights)
    x = PixelShuffle(scale, name="pixel_shuffle")(x)
    # a layer that is called twice has no one input, which others ask for
    last = type(last).from_config(last.get_config())
    return keras.Model(model.input, last(x), name=model.name)


def _has_two_stages(model):
    """Whether another upsampling convolution and pixel shuffle stand before a fusible end."""
    if len(model.layers) < 6:
        return False
    first, shuffle, second = model.layers[-6:-3]
    kinds = type(first) is keras.layers.Conv2D and type(shuffle) is PixelShuffle
    return (
        kinds
        and shuffle.input is first.output
        and second.input is shuffle.output
        and shuffle.block_size == 2
        and first.compute_dtype == "float32"
        and _is_plain(first)
    )


def _two_stages(first, shuffle, weights):
    """The picture before its last pixel shuffle, from the features before the first one."""
    scale, features = shuffle.block_size, first.input
    kernel, bias = weights["everywhere"]
    among = _tail_among_lr_pixels(kernel, scale)
    bias = ops.sum(ops.tensordot(first.bias, among, axes=[[0], [2]]), axis=(0, 1)) + ops.tile(
        bias, scale**2
    )
    x = convolution("tail", composed(first.kernel, among), bias)(features)
    x = PixelShuffle(scale, name="pixel_shuffle_0")(x)

    def strips(features, prefix, sides):
        near = convolution(f"{prefix}upsample", first.kernel, first.bias)(features)
        near = PixelShuffle(scale, name=f"{prefix}pixel_shuffle")(near)
        return fused_layers(near, weights, prefix, sides)

    return with_edges(x, [features], strips, kept=scale, seen=3)


def with_edges(x, tensors, strips, kept, seen):
    """Replaces the outermost rows and columns of `x`, which is exact everywhere else.

    Args:
        x: a symbolic tensor, (B, H, W, C).
        tensors: what the replacement is made from, in LR pixels; at least `seen` a side.
        strips: function of parts of `tensors`, of a prefix for layers' names and of `SIDES`, which
            gives what stands in place of `x` there.
        kept: outermost rows and columns of `x` that are replaced.
        seen: outermost rows and columns of `tensors` that these depend on.
    """
    # the columns hold the corners, so that the rows need not care for theirs
    for axis, side, edges in ((1, "rows", ("top", "bottom")), (2, "columns", tuple(SIDES))):
        # both strips in one picture: what they see of each other where they touch is not kept
        near = [
            keras.layers.Concatenate(axis, name=f"{side}_seen_{index}")(
                [
                    Lines(axis, 0, seen, name=f"{side}_first_{index}")(tensor),
                    Lines(axis, -seen, None, name=f"{side}_last_{index}")(tensor),
                ]
            )
            for index, tensor in enumerate(tensors)
        ]
        strip = strips(*near, f"{side}_", edges)
        parts = [
            Lines(axis, 0, kept, name=f"{side}_first")(strip),
            Lines(axis, kept, -kept, name=f"{side}_between")(x),
            Lines(axis, -kept, None, name=f"{side}_last")(strip),
        ]
        x = keras.layers.Concatenate(axis, name=f"{side}_done")(parts)
    return x


def is_fusible(model):
    """Whether a network ends in upsampling convolution, pixel shuffle and tail."""
    layers = model.layers[-4:]
    kinds = (keras.layers.Conv2D, PixelShuffle, keras.layers.Conv2D)
    if len(layers) < 4 or tuple(type(layer) for layer in layers[:3]) != kinds:
        return False
    if not isinstance(layers[3], MeanShift | keras.layers.Activation):
        return False
    # a chain without branches
    chain = all(
        after.input is before.output for before, after in zip(layers, layers[1:], strict=False)
    )
    linear = _is_plain(layers[0]) and _is_plain(layers[2])
    return chain and linear and model.outputs[0] is layers[3].output


def _is_plain(layer):
    """Whether a convolution is linear, 3x3 and dense."""
    return (
        layer.activation is keras.activations.linear
        and layer.kernel_size == (3, 3)
        and layer.padding == "same"
        and layer.use_bias
        and layer.strides == layer.dilation_rate == (1, 1)
    )


def fuse_for_training(model):
    """A network, not compiled, that trains `model` by the fused convolution; it shares its layers.

    The small kernels are computed in every step from those of the two layers that they replace, to
    which the gradients flow back. The order of the variables is that of `model`, so that one
    optimizer fits both. `model` itself is returned if it does not end as `build_network` lets
    networks end, or its tail is not in float32.
    """
    if not is_fusible(model) or model.layers[-2].compute_dtype != "float32":
        return model
    upsample, shuffle, tail, last = model.layers[-4:]
    scale = shuffle.block_size
    x = FusedUpsampler(upsample, tail, scale, name="fused_upsampler")(upsample.input)
    x = PixelShuffle(scale, name="pixel_shuffle", dtype="float32")(x)
    x = type(last).from_config(last.get_config())(x)
    outputs = [x, *model.outputs[1:]] if len(model.outputs) > 1 else x
    return type(model)(model.input, outputs, name=model.name)


class FusedUpsampler(keras.layers.Layer):
    """Two built convolutions, upsampling and tail, as one before the pixel shuffle, in float32.

    Shapes: (B, H, W, C) -> (B, H, W, K * scale^2).
    """

    def __init__(self, upsample, tail, scale, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.upsample = upsample
        self.tail = tail
        self.scale = scale

    def call(self, features):
        upsample, tail = self.upsample, self.tail
        weights = fused_weights(upsample.kernel, upsample.bias, tail.kernel, tail.bias, self.scale)
        return fused_pixels(features, weights)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.tail.filters * self.scale**2)


def fused_pixels(features, weights):
    """What `fused_weights` make of (B, H, W, C): (B, H, W, K * scale^2), before the shuffle."""

    def convolved(x, kernel, bias):
        return ops.conv(x, kernel, padding="same", data_format="channels_last") + bias

    x = convolved(features, *weights["everywhere"])
    for side, (axis, outermost, others) in SIDES.items():
        edge = Lines(axis, *outermost).call(x)
        beyond = Lines(axis, *outermost).call(features)
        for pair in weights[side]:
            beyond = convolved(beyond, *pair)
        parts = [edge + beyond, Lines(axis, *others).call(x)]
        x = ops.concatenate(parts if outermost[0] == 0 else parts[::-1], axis)
    return x


def fused_layers(features, weights, prefix="", sides=tuple(SIDES)):
    """`fused_pixels` as Keras layers, at some `sides` alone."""
    x = convolution(f"{prefix}tail", *weights["everywhere"])(features)
    for side in sides:
        (axis, outermost, others), name = SIDES[side], prefix + side
        beyond = Lines(axis, *outermost, name=f"{name}_features")(features)
        for index, pair in enumerate(weights[side]):
            beyond = convolution(f"{name}_beyond_{index}", *pair)(beyond)
        edge = Lines(axis, *outermost, name=f"{name}_edge")(x)
        edge = keras.layers.Add(name=f"{name}_corrected")([edge, beyond])
        rest = Lines(axis, *others, name=f"{name}_rest")(x)
        parts = [edge, rest] if outermost[0] == 0 else [rest, edge]
        x = keras.layers.Concatenate(axis, name=f"{name}_done")(parts)
    return x


def convolution(name, kernel, bias):
    layer = conv(bias.shape[0], kernel.shape[:2], name)
    layer.build((None, None, None, kernel.shape[2]))
    layer.set_weights([ops.convert_to_numpy(kernel), ops.convert_to_numpy(bias)])
    return layer


def fused_weights(upsample, upsample_bias, tail, tail_bias, scale):
    """Kernels and biases that do the work of both convolutions, before the pixel shuffle.

    Args:
        upsample, upsample_bias: of the convolution before the shuffle, (3, 3, C, D * scale^2).
        tail, tail_bias: of the one after it, (3, 3, D, K).

    Returns:
        A dictionary: `everywhere` is the (5, 5, C, K * scale^2) kernel and its bias for features
        that go on beyond the edges; for each of `SIDES` there is a list of kernels and biases,
        which give from the outermost row or column of features what to add to that of the result.
    """
    among = _tail_among_lr_pixels(tail, scale)

    def bias(taps):
        return ops.sum(ops.tensordot(upsample_bias, taps, axes=[[0], [2]]), axis=(0, 1))

    everywhere = bias(among) + ops.tile(tail_bias, scale**2)
    weights = {"everywhere": (composed(upsample, among), everywhere)}
    # whole rows beyond the picture, corners included
    for side, seen, tap in (("top", 2, 0), ("bottom", 0, 2)):
        taps = among[tap : tap + 1]
        weights[side] = [(-composed(upsample[seen : seen + 1], taps), -bias(taps))]
    # columns beyond it without the corners: the second convolution sees zeros there, as the tail
    for side, seen, tap, subpixel in (("left", 2, 0, scale - 1), ("right", 0, 2, 0)):

        def of_subpixel(x, axis, subpixel=subpixel):
            """The channels of one subpixel column: those of the others are not seen."""
            split = (*x.shape[:axis], scale, scale, -1, *x.shape[axis + 1 :])
            kept = ops.take(ops.reshape(x, split), subpixel, axis=axis + 1)
            return ops.reshape(kept, (*x.shape[:axis], -1, *x.shape[axis + 1 :]))

        first = of_subpixel(upsample[:, seen : seen + 1], 3), of_subpixel(upsample_bias, 0)
        second = -of_subpixel(among[:, tap : tap + 1], 2)
        weights[side] = [first, (second, ops.zeros_like(everywhere))]
    return weights


def _tail_among_lr_pixels(tail, scale):
    """The tail as (3, 3, D * scale^2, K * scale^2), which reads and gives LR pixels' subpixels.

    Its own taps are an odd number a side, and reach no further than the next LR pixel.
    """
    taps = tail.shape[0]
    # tap y of subpixel `to` lies in LR pixel `1 + down`, at subpixel `start`
    place = np.zeros((taps, 3, scale, scale), np.float32)
    for to, y in np.ndindex(scale, taps):
        down, start = divmod(to + y - taps // 2, scale)
        place[y, 1 + down, start, to] = 1.0
    rows = ops.tensordot(place, tail, axes=[[0], [0]])  # down, start, to, x, D, K
    both = ops.tensordot(place, rows, axes=[[0], [3]])  # of columns: the same; then rows, D, K
    both = ops.transpose(both, (3, 0, 4, 1, 6, 5, 2, 7))
    return ops.reshape(both, (3, 3, scale**2 * tail.shape[2], scale**2 * tail.shape[3]))


def composed(first, second):
    """(a + p - 1, b + q - 1, C, N): the kernel of (a, b, C, M) and then (p, q, M, N) together."""
    height, width = second.shape[:2]
    products = ops.tensordot(first, second, axes=[[3], [2]])  # a, b, C, p, q, N
    parts = []
    for y, x in np.ndindex(height, width):
        around = [(y, height - 1 - y), (x, width - 1 - x), (0, 0), (0, 0)]
        parts.append(ops.pad(products[:, :, :, y, x], around))
    return sum(parts[1:], parts[0])
