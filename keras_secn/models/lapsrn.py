"""LapSRN (Lai et al., CVPR 2017)."""

import keras
import numpy as np

from keras_secn.layers.convolution import conv
from keras_secn.layers.deep_supervision import Supervise
from keras_secn.layers.package import PACKAGE
from keras_secn.models.luminance import read_luminance, write_luminance
from keras_secn.utils.errors import UserError


def build_lapsrn(
    scale: int = 2, depth: int = 10, filters: int = 64, name: str = "lapsrn"
) -> keras.Model:
    """LapSRN: each level doubles features and picture (Lai et al., CVPR 2017, figure 1b).

    435,344 weights at x2 and 870,112 at x4, biases not counted (the 812K of the literature count
    transposed convolutions of features as 3x3). At x4 the picture of the x2 level is supervised,
    too. The paper's loss is `Recipe(loss="charbonnier")`.

    Args:
        scale: 2 or 4.
        depth: convolutions per level.
        filters: channels of every feature map.
        name: the Keras model's name.

    Returns: see `keras_secn.models.srcnn.build_srcnn`.

    Raises:
        UserError: another scale.
    """
    if scale not in (2, 4):
        raise UserError(f"LapSRN enlarges 2 or 4 times, not {scale} times")
    inputs, pictures, y = read_luminance(scale, enlarged=False)

    def leaky_relu(x):
        return keras.layers.LeakyReLU(0.2)(x)

    def double(filters, name, **options):
        return keras.layers.Conv2DTranspose(
            filters, 4, strides=2, padding="same", data_format="channels_last", name=name, **options
        )

    x = leaky_relu(conv(filters, 3, "head")(y))
    for level in range(scale // 2):
        for index in range(depth):
            x = leaky_relu(conv(filters, 3, f"x{level}_conv_{index}")(x))
        x = leaky_relu(double(filters, f"x{level}_features")(x))
        y = double(1, f"x{level}_picture", kernel_initializer=bilinear, dtype="float32")(y)
        residual = conv(1, 3, f"x{level}_residual", dtype="float32")(x)
        y = keras.layers.Add(name=f"x{level}_sum", dtype="float32")([y, residual])
        shrink = scale // 2 ** (level + 1)
        if shrink > 1:
            y = Supervise(shrink=shrink, name=f"supervise_{level}", dtype="float32")(y)
    return keras.Model(inputs, write_luminance(pictures, y), name=name)


@keras.saving.register_keras_serializable(PACKAGE)
def bilinear(shape, dtype=None):
    """Initializer of the picture's transposed convolution: bilinear enlargement by 2."""
    taps = np.array([0.25, 0.75, 0.75, 0.25])
    return keras.ops.reshape(keras.ops.convert_to_tensor(np.outer(taps, taps), dtype), shape)
