"""ESPCN (Shi et al., CVPR 2016)."""

import keras

from keras_secn.layers.convolution import conv
from keras_secn.layers.resampling import PixelShuffle
from keras_secn.models.luminance import read_luminance, write_luminance


def build_espcn(scale: int = 2, name: str = "espcn") -> keras.Model:
    """ESPCN: convolutions on LR luminance and a pixel shuffle (Shi et al., CVPR 2016, figure 1).

    Tanh, as the paper prefers over ReLU (section 3.2). 21,284 parameters at x2.

    Args:
        scale: enlargement.
        name: the Keras model's name.

    Returns: see `keras_secn.models.srcnn.build_srcnn`.
    """
    inputs, pictures, x = read_luminance(scale, enlarged=False)
    x = conv(64, 5, "conv_1", activation="tanh")(x)
    x = conv(32, 3, "conv_2", activation="tanh")(x)
    x = conv(scale**2, 3, "subpixels", dtype="float32")(x)
    y = PixelShuffle(scale, name="pixel_shuffle", dtype="float32")(x)
    return keras.Model(inputs, write_luminance(pictures, y), name=name)
