"""DRCN (Kim et al., CVPR 2016)."""

import keras
from keras import ops

from keras_secn.layers.convolution import conv
from keras_secn.layers.deep_supervision import Supervise
from keras_secn.layers.package import PACKAGE
from keras_secn.models.luminance import read_luminance, write_luminance


def build_drcn(
    scale: int = 2, recursions: int = 16, filters: int = 256, alpha: float = 0.5, name: str = "drcn"
) -> keras.Model:
    """DRCN: one convolution applied sixteen times, with a picture of each (CVPR 2016, figure 3).

    1,774,080 weights, biases and the 16 weights of the ensemble not counted. Training compares
    every picture with HR (recursive supervision, section 3.2): see `keras_secn.training.losses`.

    Args:
        scale: enlargement.
        recursions: how often the shared convolution is applied.
        filters: channels of every feature map.
        alpha: share of the intermediate pictures in the loss, 0..1; the paper lets it decay.
        name: the Keras model's name.

    Returns: see `keras_secn.models.srcnn.build_srcnn`.
    """
    inputs, pictures, bicubic = read_luminance(scale, enlarged=True)

    x = conv(filters, 3, "embed_1", activation="relu")(bicubic)
    x = conv(filters, 3, "embed_2", activation="relu")(x)
    recursion = conv(filters, 3, "recursion", activation="relu")
    reconstruct_1 = conv(filters, 3, "reconstruct_1", activation="relu")
    reconstruct_2 = conv(1, 3, "reconstruct_2", dtype="float32")
    predictions = []
    for index in range(recursions):
        x = recursion(x)
        y = keras.layers.Add(name=f"prediction_{index}", dtype="float32")(
            [bicubic, reconstruct_2(reconstruct_1(x))]
        )
        weight = alpha / (1 - alpha) / recursions
        predictions.append(Supervise(weight, name=f"supervise_{index}", dtype="float32")(y))
    y = WeightedMean(name="ensemble", dtype="float32")(predictions)
    return keras.Model(inputs, write_luminance(pictures, y), name=name)


@keras.saving.register_keras_serializable(PACKAGE)
class WeightedMean(keras.layers.Layer):
    """The sum of pictures with learned weights, which start equal and sum to 1."""

    def build(self, input_shape):
        count = len(input_shape)
        start = keras.initializers.Constant(1 / count)
        self.shares = self.add_weight(shape=(count,), initializer=start, name="shares")

    def call(self, inputs):
        return ops.sum(ops.concatenate(inputs, axis=-1) * self.shares, axis=-1, keepdims=True)

    def compute_output_shape(self, input_shape):
        return input_shape[0]
