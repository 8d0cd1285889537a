"""The layers of SECN and its relatives, and the residual blocks that a network is a list of.

Source: Wu et al., "CT-SECN" (2018), section 3, which puts the squeeze-and-excitation of Hu et al.
(CVPR 2018) into the residual blocks of EDSR (Lim et al., CVPRW 2017).
"""

import keras
import numpy as np
from keras import ops

from keras_secn.utils.errors import UserError
from keras_secn.data.imresize import contributions
from keras_secn.data.color import (BLACK, LUMA)

PACKAGE = "keras_secn"

# Mean RGB of the DIV2K training photographs on a 0..1 scale (EDSR, section 3.3, published code).
DIV2K_MEAN = (0.4488, 0.4371, 0.4040)


@keras.saving.register_keras_serializable(PACKAGE)
class MeanShift(keras.layers.Layer):
    """Subtracts the mean RGB of DIV2K at the input, or adds it again at the output.

    The remainder is scaled to about -1..1: with features of that size one learning rate serves
    the whole network, and bfloat16 keeps its digits.

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
        size = self.block_size
        return (
            batch,
            None if height is None else height * size,
            None if width is None else width * size,
            channels // size**2,
        )

    def get_config(self):
        return {**super().get_config(), "block_size": self.block_size}


@keras.saving.register_keras_serializable(PACKAGE)
class BicubicUpsample(keras.layers.Layer):
    """Bicubic enlargement as `keras_secn.imresize` computes it, but neither rounded nor clipped.

    One fixed convolution that gives all scale^2 subpixels, and a pixel shuffle: LiteRT has no
    bicubic resize, and the backends' own treat the image's edge in another way than MATLAB.

    Args:
        scale: the factor by which height and width grow.

    Shapes: (B, H, W, C) -> (B, scale * H, scale * W, C).
    """

    def __init__(self, scale=2, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale
        # the weights of the scale outputs that lie in the middle pixel of nine; they reach two
        # pixels to each side
        weights, indices = contributions(9, 9 * scale, scale)
        taps = np.zeros((5, scale))
        for phase in range(scale):
            np.add.at(taps[:, phase], indices[4 * scale + phase] - 2, weights[4 * scale + phase])
        self.taps = taps

    def call(self, inputs):
        channels = inputs.shape[-1]
        kernel = np.einsum("ay,bx,cd->abcyxd", self.taps, self.taps, np.eye(channels))
        kernel = ops.convert_to_tensor(kernel.reshape(5, 5, channels, -1), dtype=self.compute_dtype)
        # the edge repeated twice on each side, as `contributions` clamps its indices
        x = inputs
        x = ops.concatenate([x[:, :1]] * 2 + [x] + [x[:, -1:]] * 2, axis=1)
        x = ops.concatenate([x[:, :, :1]] * 2 + [x] + [x[:, :, -1:]] * 2, axis=2)
        x = ops.conv(x, kernel, padding="valid", data_format="channels_last")
        return ops.depth_to_space(x, self.scale, data_format="channels_last")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        height, width = (length and length * self.scale for length in (height, width))
        return batch, height, width, channels

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}


def luminance(pictures):
    """Luminance (BT.601, 16..235) of RGB pictures in 0..255: (B, H, W, 3) -> (B, H, W, 1)."""
    weights = ops.convert_to_tensor(LUMA, dtype=pictures.dtype)
    return ops.sum(pictures * weights, axis=-1, keepdims=True) + BLACK


@keras.saving.register_keras_serializable(PACKAGE)
class Luminance(keras.layers.Layer):
    """RGB in 0..255 to the luminance that SRCNN and its successors see, 16/255..235/255.

    Shapes: (B, H, W, 3) -> (B, H, W, 1).
    """

    def call(self, inputs):
        return luminance(inputs) / 255.0

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 1)


@keras.saving.register_keras_serializable(PACKAGE)
class WithLuminance(keras.layers.Layer):
    """Gives RGB pictures another luminance and keeps their colours (Cb and Cr).

    In BT.601 a step of luminance moves red, green and blue alike, by 255/219 of it.

    Shapes: [(B, H, W, 3), (B, H, W, 1)] -> (B, H, W, 3); RGB in 0..255, luminance as `Luminance`
    gives it.
    """

    def call(self, inputs):
        pictures, wanted = inputs
        return pictures + (255.0 * wanted - luminance(pictures)) * (255.0 / 219.0)

    def compute_output_shape(self, input_shape):
        return input_shape[0]


@keras.saving.register_keras_serializable(PACKAGE)
class Supervise(keras.layers.Layer):
    """Marks an intermediate picture that training compares with HR as well; changes nothing.

    See `keras_secn.losses.supervised`.

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


def local_mean(inputs, window):
    """Mean over a `window` x `window` square around each pixel, in the shape of `inputs`.

    Squares that would leave the image are moved inside it, as in TLC (Chu et al., ECCV 2022,
    section 3.2); a window larger than the image covers all of it. Running sums along one axis at a
    time cost the same for any window and keep float32 exact enough on large photographs.
    """
    outputs = ops.cast(inputs, "float32")
    for axis in (1, 2):
        size = ops.shape(outputs)[axis]
        length = ops.minimum(size, window)
        sums = ops.cumsum(outputs, axis=axis)
        zero = ops.zeros_like(ops.take(sums, ops.arange(1), axis=axis))
        sums = ops.concatenate([zero, sums], axis=axis)
        start = ops.clip(ops.arange(size) - window // 2, 0, size - length)
        total = ops.take(sums, start + length, axis=axis) - ops.take(sums, start, axis=axis)
        outputs = total / ops.cast(length, "float32")
    return ops.cast(outputs, inputs.dtype)


@keras.saving.register_keras_serializable(PACKAGE)
class SqueezeExcite(keras.layers.Layer):
    """Scales each channel by a gate computed from the channels' means (Hu et al., CVPR 2018).

    Mean over height and width - dense, reduced by `reduction` - ReLU - dense - sigmoid - multiply;
    580 parameters for 64 channels, biases included.

    Args:
        reduction: by how much the inner dense layer is narrower than the input.
        window: `None` for the mean over the whole image, as in training; a number of LR pixels
            for the mean over a square of that size around each pixel (TLC). It may be changed on
            a built model: see `keras_secn.set_pooling`.

    Shapes: (B, H, W, C) -> the same.
    """

    def __init__(self, reduction=16, window=None, **kwargs):
        super().__init__(**kwargs)
        self.reduction = reduction
        self.window = window

    def build(self, input_shape):
        channels = input_shape[-1]
        inner = max(1, channels // self.reduction)
        self.squeeze = keras.layers.Dense(
            inner, activation="relu", name="squeeze", dtype=self.dtype_policy
        )
        self.squeeze.build((*input_shape[:-1], channels))
        self.excite = keras.layers.Dense(
            channels, activation="sigmoid", name="excite", dtype=self.dtype_policy
        )
        self.excite.build((*input_shape[:-1], inner))

    def call(self, inputs):
        if self.window is None:
            mean = ops.mean(inputs, axis=(1, 2), keepdims=True)
        else:
            mean = local_mean(inputs, self.window)
        return inputs * self.excite(self.squeeze(mean))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "reduction": self.reduction, "window": self.window}


def set_pooling(model: keras.Model, window: int | None) -> keras.Model:
    """Switches a model's squeeze-and-excitation between global and local pooling (TLC).

    Nothing is trained again: only where the channels' means are taken changes.

    Args:
        model: any Keras model with `SqueezeExcite` layers.
        window: side of the square in LR pixels, as large as the LR patches of the training;
            `None` for the mean over the whole image.

    Returns:
        The model, changed in place.

    Raises:
        UserError: the window is below 1.
    """
    if window is not None and window < 1:
        raise UserError(f"a window has at least 1 pixel, not {window}")
    for layer in model._flatten_layers():
        if isinstance(layer, SqueezeExcite):
            layer.window = window
    # what Keras traced before knows the old pooling
    model.train_function = model.test_function = model.predict_function = None
    return model


class Block(keras.layers.Layer):
    """What all residual blocks share: `outputs = inputs + residual_scaling * branch(inputs)`.

    A subclass lists the layers of its branch, in order, in `branch_layers(filters)`.

    Args:
        residual_scaling: factor on the branch (EDSR, section 3.1: 0.1 for 256 filters, else 1).

    Shapes: (B, H, W, C) -> the same.
    """

    def __init__(self, residual_scaling=1.0, **kwargs):
        super().__init__(**kwargs)
        self.residual_scaling = residual_scaling

    def branch_layers(self, filters):
        raise NotImplementedError(f"{type(self).__name__} must list the layers of its branch")

    def conv(self, filters, kernel_size, name, activation=None):
        return keras.layers.Conv2D(
            filters,
            kernel_size,
            padding="same",
            activation=activation,
            name=name,
            dtype=self.dtype_policy,
        )

    def depthwise(self, name, activation=None):
        return keras.layers.DepthwiseConv2D(
            3, padding="same", activation=activation, name=name, dtype=self.dtype_policy
        )

    def squeeze_excite(self):
        return SqueezeExcite(name="se", dtype=self.dtype_policy)

    def build(self, input_shape):
        self.branch = self.branch_layers(input_shape[-1])
        for layer in self.branch:
            # one child per name, so that weights have readable paths: block_3/conv_1/kernel
            setattr(self, layer.name, layer)
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)

    def call(self, inputs):
        outputs = inputs
        for layer in self.branch:
            outputs = layer(outputs)
        if self.residual_scaling != 1.0:
            outputs = outputs * self.residual_scaling
        return inputs + outputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "residual_scaling": self.residual_scaling}


@keras.saving.register_keras_serializable(PACKAGE)
class ResidualBlock(Block):
    """EDSR's block: conv 3x3 - ReLU - conv 3x3 - add (Lim et al., CVPRW 2017, figure 2c)."""

    def branch_layers(self, filters):
        return [
            self.conv(filters, 3, "conv_1", activation="relu"),
            self.conv(filters, 3, "conv_2"),
        ]


@keras.saving.register_keras_serializable(PACKAGE)
class SEResidualBlock(Block):
    """SECN's block: conv 3x3 - ReLU - conv 3x3 - SE - add (Wu et al., 2018, section 3)."""

    def branch_layers(self, filters):
        return [
            self.conv(filters, 3, "conv_1", activation="relu"),
            self.conv(filters, 3, "conv_2"),
            self.squeeze_excite(),
        ]


@keras.saving.register_keras_serializable(PACKAGE)
class SeparableSEBlock(Block):
    """CT-SECN's block: both convolutions of SECN's become depthwise 3x3 + pointwise 1x1.

    No activation stands between depthwise and pointwise; both have biases (Wu et al., 2018,
    section 4; the counts of its Table 2 fix these details).
    """

    def branch_layers(self, filters):
        return [
            self.depthwise("depthwise_1"),
            self.conv(filters, 1, "pointwise_1", activation="relu"),
            self.depthwise("depthwise_2"),
            self.conv(filters, 1, "pointwise_2"),
            self.squeeze_excite(),
        ]


@keras.saving.register_keras_serializable(PACKAGE)
class InvertedResidualBlock(Block):
    """MobileNetV2's block (Sandler et al., CVPR 2018, figure 4b) with SE, without batch norm.

    Pointwise to twice the channels - ReLU - depthwise 3x3 - ReLU - pointwise back - SE - add.
    """

    def branch_layers(self, filters):
        return [
            self.conv(2 * filters, 1, "expand", activation="relu"),
            self.depthwise("depthwise", activation="relu"),
            self.conv(filters, 1, "project"),
            self.squeeze_excite(),
        ]


@keras.saving.register_keras_serializable(PACKAGE)
class FireExpand(keras.layers.Layer):
    """SqueezeNet's expand layer: 1x1 and 3x3 convolutions side by side (Iandola et al., 2016).

    Shapes: (B, H, W, C) -> (B, H, W, filters), half of the filters from each convolution.
    """

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters

    def build(self, input_shape):
        half = self.filters // 2
        self.conv_1x1 = keras.layers.Conv2D(half, 1, name="conv_1x1", dtype=self.dtype_policy)
        self.conv_3x3 = keras.layers.Conv2D(
            self.filters - half, 3, padding="same", name="conv_3x3", dtype=self.dtype_policy
        )
        self.conv_1x1.build(input_shape)
        self.conv_3x3.build(input_shape)

    def call(self, inputs):
        return ops.concatenate([self.conv_1x1(inputs), self.conv_3x3(inputs)], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


@keras.saving.register_keras_serializable(PACKAGE)
class FireBlock(Block):
    """SqueezeNet's fire module (Iandola et al., 2016, section 3.2) as a residual branch, with SE.

    Pointwise to a quarter of the channels - ReLU - expand by 1x1 and 3x3 - SE - add.
    """

    def branch_layers(self, filters):
        return [
            self.conv(max(1, filters // 4), 1, "squeeze", activation="relu"),
            FireExpand(filters, name="expand", dtype=self.dtype_policy),
            self.squeeze_excite(),
        ]


@keras.saving.register_keras_serializable(PACKAGE)
class MobileNetBlock(Block):
    """MobileNetV1's convolutions (Howard et al., 2017, figure 3), twice, with SE.

    Unlike `SeparableSEBlock` a ReLU stands between depthwise and pointwise; no batch norm.
    """

    def branch_layers(self, filters):
        return [
            self.depthwise("depthwise_1", activation="relu"),
            self.conv(filters, 1, "pointwise_1", activation="relu"),
            self.depthwise("depthwise_2", activation="relu"),
            self.conv(filters, 1, "pointwise_2"),
            self.squeeze_excite(),
        ]


@keras.saving.register_keras_serializable(PACKAGE)
class XceptionBlock(Block):
    """Xception's middle flow (Chollet, CVPR 2017, figure 5) with two convolutions, and SE.

    ReLU - depthwise 3x3 - pointwise, twice: the activation comes first; no batch norm.
    """

    def branch_layers(self, filters):
        return [
            keras.layers.ReLU(name="relu_1", dtype=self.dtype_policy),
            self.depthwise("depthwise_1"),
            self.conv(filters, 1, "pointwise_1"),
            keras.layers.ReLU(name="relu_2", dtype=self.dtype_policy),
            self.depthwise("depthwise_2"),
            self.conv(filters, 1, "pointwise_2"),
            self.squeeze_excite(),
        ]


# A network's description is a list of these names: see `keras_secn.models.skeleton`.
BLOCKS: dict[str, type[Block]] = {
    "residual": ResidualBlock,
    "se": SEResidualBlock,
    "separable": SeparableSEBlock,
    "mobilenet": MobileNetBlock,
    "xception": XceptionBlock,
    "inverted": InvertedResidualBlock,
    "fire": FireBlock,
}
