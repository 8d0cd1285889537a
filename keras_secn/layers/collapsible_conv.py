"""Convolutions that are trained wide and run narrow (SESR, Bhardwaj et al., MLSys 2022)."""

import keras
import numpy as np
from keras import ops

from keras_secn.utils.errors import UserError
from keras_secn.layers import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class CollapsibleConv2D(keras.layers.Layer):
    """A k x k convolution to `expansion` channels and a 1 x 1 convolution back, nothing between.

    Both are linear, and so is the short skip around them: together they are one k x k convolution,
    which `fold` puts in their place. Training multiplies the kernels and convolves once as well
    (SESR, section 3.3), so that the width costs next to nothing.

    Args:
        filters: channels of the output.
        kernel_size: odd.
        activation: after the sum.
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
        """Takes the weights of the one convolution, (k, k, C, filters) and (filters,).

        The first `filters` channels between the two convolutions carry the kernel, its singular
        values shared evenly; the others keep their fresh kernels and start at zero behind them.
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


def fold(model):
    """The same network with plain convolutions in place of collapsible ones.

    Args:
        model: any functional Keras model.

    Returns:
        A new model with the same outputs; `model` itself if there is nothing to fold.
    """
    if not any(isinstance(layer, CollapsibleConv2D) for layer in model.layers):
        return model

    def plain(layer):
        if not isinstance(layer, CollapsibleConv2D):
            return type(layer).from_config(layer.get_config())
        return keras.layers.Conv2D(
            layer.filters,
            layer.kernel_size,
            padding="same",
            activation=layer.activation,
            name=layer.name,
            dtype=layer.dtype_policy,
        )

    folded = keras.models.clone_model(model, clone_function=plain)
    for old, new in zip(model.layers, folded.layers, strict=True):
        if isinstance(old, CollapsibleConv2D):
            new.set_weights([ops.convert_to_numpy(w) for w in (old.collapsed_kernel(), old.bias)])
        elif old.weights:
            new.set_weights(old.get_weights())
    return folded


class WideStart(keras.callbacks.Callback):
    """Starts the training of a network of collapsible convolutions where a folded one stands.

    Args:
        source: the folded network, or one as it is trained.

    Raises:
        UserError: on_train_begin, the two networks differ.
    """

    def __init__(self, source):
        super().__init__()
        self.source = source

    def on_train_begin(self, logs=None):
        pairs = list(zip(self.source.layers, self.model.layers, strict=False))
        shapes = [
            [tuple(w.shape) for w in m.weights] for m in (fold(self.source), fold(self.model))
        ]
        if shapes[0] != shapes[1]:
            raise UserError(f"{self.source.name} is another network than the one to train")
        for old, new in pairs:
            if isinstance(new, CollapsibleConv2D) and not isinstance(old, CollapsibleConv2D):
                new.set_collapsed(*old.get_weights())
            elif new.weights:
                new.set_weights(old.get_weights())
