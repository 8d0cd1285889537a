"""A convolution that is wide in training and collapses into a small one (SESR, MLSys 2022)."""

import keras
import numpy as np
from keras import ops

from keras_secn.layers.package import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class CollapsibleConv2D(keras.layers.Layer):
    """A k x k convolution to `expansion` channels, a 1 x 1 convolution back, and a short skip.

    All are linear, so together they equal one k x k convolution (Bhardwaj et al., MLSys 2022,
    section 3.3): training computes that one from the kernels, and
    `keras_secn.rewrite.fold_collapsible.fold` puts it in their place.

    Args:
        filters: channels of the output.
        kernel_size: odd.
        activation: after the short skip.
        expansion: channels between the two convolutions (SESR: 256).
        kernel_initializer: of the 1 x 1 convolution.

    Shapes: (B, H, W, C) -> (B, H, W, filters); the short skip is there where C = filters.
    """

    def __init__(
        self,
        filters,
        kernel_size=3,
        activation=None,
        expansion=128,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.activation = keras.activations.get(activation)
        self.expansion = expansion
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        channels, size = input_shape[-1], self.kernel_size
        self.wide = self.add_weight((size, size, channels, self.expansion), name="wide")
        self.narrow = self.add_weight(
            (self.expansion, self.filters), self.kernel_initializer, name="narrow"
        )
        self.bias = self.add_weight((self.filters,), "zeros", name="bias")
        self.skip = channels == self.filters

    def collapsed_kernel(self):
        """The kernel of the one convolution, (k, k, C, filters)."""
        kernel = ops.tensordot(self.wide, self.narrow, axes=1)
        if self.skip:
            middle = self.kernel_size // 2
            around = [(middle, middle), (middle, middle), (0, 0), (0, 0)]
            identity = ops.eye(self.filters, dtype=kernel.dtype)[None, None]
            kernel = kernel + ops.pad(identity, around)
        return kernel

    def set_collapsed(self, kernel, bias):
        """Sets the weights to those of one convolution, (k, k, C, filters) and (filters,).

        The kernel is factorized by SVD; expansion channels beyond its rank keep their kernels and
        get zero weights in the 1 x 1 convolution.
        """
        rest = np.array(kernel, "float32")
        if self.skip:
            middle = self.kernel_size // 2
            rest[middle, middle] -= np.eye(self.filters, dtype="float32")
        left, values, right = np.linalg.svd(rest.reshape(-1, self.filters), full_matrices=False)
        rank, root = len(values), np.sqrt(values)
        wide, narrow = ops.convert_to_numpy(self.wide).copy(), np.zeros(self.narrow.shape)
        wide[..., :rank] = (left * root).reshape(*rest.shape[:-1], rank)
        narrow[:rank] = root[:, None] * right
        self.set_weights([wide, narrow, bias])

    def call(self, inputs):
        kernel = ops.cast(self.collapsed_kernel(), inputs.dtype)
        outputs = ops.conv(inputs, kernel, padding="same", data_format="channels_last")
        return self.activation(outputs + ops.cast(self.bias, inputs.dtype))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "activation": keras.activations.serialize(self.activation),
            "expansion": self.expansion,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
