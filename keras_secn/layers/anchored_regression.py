"""The layers of A+ (Timofte et al., ACCV 2014): nearest anchors, their regressors, overlap."""

import keras
import numpy as np
from keras import ops

from keras_secn.layers.convolution import conv
from keras_secn.layers.package import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class PadEdges(keras.layers.Layer):
    """Repeats the border pixels: (B, H, W, C) -> (B, H + 2 * width, W + 2 * width, C)."""

    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.width = width

    def call(self, inputs):
        x = inputs
        x = ops.concatenate([x[:, :1]] * self.width + [x] + [x[:, -1:]] * self.width, axis=1)
        return ops.concatenate(
            [x[:, :, :1]] * self.width + [x] + [x[:, :, -1:]] * self.width, axis=2
        )

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        height, width = (length and length + 2 * self.width for length in (height, width))
        return batch, height, width, channels

    def get_config(self):
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable(PACKAGE)
class AnchoredRegression(keras.layers.Layer):
    """Picks each position's anchor by correlation, regardless of sign, and applies its regressor.

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
        """Per position, beside the correlations': one regressor of all that there are."""
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
    """Lays patches over each other, `step` pixels apart, and takes the mean where they overlap.

    Shapes: (B, H, W, side^2) -> (B, step * H, step * W, 1); what hangs over the border is cut off.
    """

    def __init__(self, side, step, **kwargs):
        super().__init__(**kwargs)
        self.side = side
        self.step = step

    def call(self, inputs):
        place = np.eye(self.side**2).reshape(self.side, self.side, 1, -1)
        return self._lay(inputs, place) / self._lay(
            ops.ones_like(inputs[..., :1]), np.ones((self.side, self.side, 1, 1))
        )

    def _lay(self, x, kernel):
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
