"""The layers of A+ (Timofte et al., ACCV 2014)."""

import keras
import numpy as np
from keras import ops

from keras_secn.layers.convolution import conv
from keras_secn.layers.package import PACKAGE
from keras_secn.layers.resampling import repeat_edges


@keras.saving.register_keras_serializable(PACKAGE)
class PadEdges(keras.layers.Layer):
    """Repeats the border pixels: (B, H, W, C) -> (B, H + 2 * width, W + 2 * width, C)."""

    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.width = width

    def call(self, inputs):
        return repeat_edges(inputs, self.width)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        height, width = (length and length + 2 * self.width for length in (height, width))
        return batch, height, width, channels

    def get_config(self):
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable(PACKAGE)
class AnchoredRegression(keras.layers.Layer):
    """Applies to each position the regressor of the anchor with the largest absolute correlation.

    Shapes: (B, H, W, components) -> (B, H, W, outputs).
    """

    def __init__(self, anchors, outputs, **kwargs):
        super().__init__(**kwargs)
        self.anchors = anchors
        self.outputs = outputs

    def build(self, input_shape):
        self.correlation = conv(
            self.anchors, 1, "correlation", use_bias=False, dtype=self.dtype_policy
        )
        self.correlation.build(input_shape)
        self.regressors = self.add_weight(
            shape=(self.anchors, input_shape[-1] * self.outputs), name="regressors"
        )

    @property
    def multiply_adds(self):
        """Per position, without the correlations: those of one regressor."""
        return self.regressors.shape[1]

    def call(self, inputs):
        # not `argmax`, whose Keras form has operators that LiteRT lacks
        _, nearest = ops.top_k(ops.abs(self.correlation(inputs)), 1)
        components = inputs.shape[-1]
        regressors = ops.take(self.regressors, ops.reshape(nearest, (-1,)), axis=0)
        outputs = ops.matmul(
            ops.reshape(inputs, (-1, 1, components)),
            ops.reshape(regressors, (-1, components, self.outputs)),
        )
        return ops.reshape(outputs, (*ops.shape(inputs)[:-1], self.outputs))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.outputs)

    def get_config(self):
        return {**super().get_config(), "anchors": self.anchors, "outputs": self.outputs}


@keras.saving.register_keras_serializable(PACKAGE)
class OverlapMean(keras.layers.Layer):
    """The picture of patches that lie `step` pixels apart: their mean where they overlap.

    Shapes: (B, H, W, side^2) -> (B, step * H, step * W, 1), cropped to that size.
    """

    def __init__(self, side, step, **kwargs):
        super().__init__(**kwargs)
        self.side = side
        self.step = step

    def call(self, inputs):
        side = self.side
        total = self._overlay(inputs, np.eye(side**2).reshape(side, side, 1, -1))
        ones = ops.ones_like(inputs[..., :1])
        return total / self._overlay(ones, np.ones((side, side, 1, 1)))

    def _overlay(self, x, kernel):
        kernel = ops.convert_to_tensor(kernel, dtype=self.compute_dtype)
        x = ops.conv_transpose(
            x, kernel, strides=self.step, padding="valid", data_format="channels_last"
        )
        cut = (self.side - self.step) // 2
        return x[:, cut:-cut, cut:-cut]

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        height, width = (length and length * self.step for length in (height, width))
        return batch, height, width, 1

    def get_config(self):
        return {**super().get_config(), "side": self.side, "step": self.step}
