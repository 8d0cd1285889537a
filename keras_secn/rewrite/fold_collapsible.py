"""Folds collapsible convolutions into plain ones."""

import keras
from keras import ops

from keras_secn.layers.collapsible_conv import CollapsibleConv2D
from keras_secn.layers.convolution import conv


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
        options = {"activation": layer.activation, "dtype": layer.dtype_policy}
        return conv(layer.filters, layer.kernel_size, layer.name, **options)

    folded = keras.models.clone_model(model, clone_function=plain)
    for old, new in zip(model.layers, folded.layers, strict=True):
        if isinstance(old, CollapsibleConv2D):
            new.set_weights([ops.convert_to_numpy(w) for w in (old.collapsed_kernel(), old.bias)])
        elif old.weights:
            new.set_weights(old.get_weights())
    return folded
