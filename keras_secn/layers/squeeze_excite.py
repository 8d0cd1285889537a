"""Squeeze-and-excitation (Hu et al., CVPR 2018), pooled globally or in local windows (TLC)."""

import keras
from keras import ops

from keras_secn.layers.package import PACKAGE
from keras_secn.utils.errors import UserError


def local_mean(inputs, window):
    """Mean over a `window` x `window` square around each pixel, in the shape of `inputs`.

    Windows are shifted to lie inside the image, as in TLC (Chu et al., ECCV 2022, section 3.2); a
    larger window covers all of it. Running sums along each axis cost the same for any window.
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
        window: `None` for global pooling, as in training; else the side, in LR pixels, of the
            window around each pixel (TLC). `keras_secn.set_pooling` changes it on a built model.

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
    # Keras traced them with the old pooling
    model.train_function = model.test_function = model.predict_function = None
    return model
