"""Residual blocks by name: a network is a list of these names.

Squeeze-and-excitation (Hu et al., CVPR 2018) in the residual blocks of EDSR (Lim et al., CVPRW
2017), as in Wu et al., 2018, section 3.
"""

import keras
from keras import ops

from keras_secn.layers.convolution import conv
from keras_secn.layers.package import PACKAGE
from keras_secn.layers.squeeze_excite import SqueezeExcite


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
        return conv(filters, kernel_size, name, activation=activation, dtype=self.dtype_policy)

    def depthwise(self, name, activation=None):
        return keras.layers.DepthwiseConv2D(
            3,
            padding="same",
            data_format="channels_last",
            activation=activation,
            name=name,
            dtype=self.dtype_policy,
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
        return self.run(lambda layer, inputs: layer(inputs), inputs)

    def run(self, call, inputs):
        """The block by another way of calling its layers: `call(layer, inputs)`."""
        outputs = inputs
        for layer in self.branch:
            outputs = call(layer, outputs)
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

    Attributes:
        composed: whether `call` computes each pair as the one 3x3 convolution that it equals. A
            GPU's matrix units compute that. False at first, and not part of the config.
    """

    composed = False

    def branch_layers(self, filters):
        return [
            self.depthwise("depthwise_1"),
            self.conv(filters, 1, "pointwise_1", activation="relu"),
            self.depthwise("depthwise_2"),
            self.conv(filters, 1, "pointwise_2"),
            self.squeeze_excite(),
        ]

    def call(self, inputs):
        if not self.composed:
            return super().call(inputs)
        first, pointwise_1, second, pointwise_2, squeeze_excite = self.branch
        outputs = _one_convolution(first, pointwise_1, inputs)
        outputs = squeeze_excite(_one_convolution(second, pointwise_2, outputs))
        return inputs + self.residual_scaling * outputs


def _one_convolution(depthwise, pointwise, inputs):
    """Depthwise and pointwise layer, nothing between them, as one 3x3 convolution."""
    kernel = depthwise.kernel * pointwise.kernel[0]  # (3, 3, C, 1) by (1, C, O)
    bias = ops.matmul(depthwise.bias, pointwise.kernel[0, 0]) + pointwise.bias
    outputs = ops.conv(inputs, kernel, padding="same", data_format="channels_last") + bias
    return pointwise.activation(outputs)


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
        self.conv_1x1 = conv(half, 1, "conv_1x1", dtype=self.dtype_policy)
        self.conv_3x3 = conv(self.filters - half, 3, "conv_3x3", dtype=self.dtype_policy)
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


# A network's description is a list of these names: see `keras_secn.models.edsr_trunk`.
BLOCKS: dict[str, type[Block]] = {
    "residual": ResidualBlock,
    "se": SEResidualBlock,
    "separable": SeparableSEBlock,
    "mobilenet": MobileNetBlock,
    "xception": XceptionBlock,
    "inverted": InvertedResidualBlock,
    "fire": FireBlock,
}
