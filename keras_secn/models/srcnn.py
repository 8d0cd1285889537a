"""SRCNN (Dong et al., TPAMI 2016)."""

import keras

from keras_secn.layers.convolution import conv
from keras_secn.models.luminance import read_luminance, write_luminance


def build_srcnn(scale: int = 2, middle: int = 1, name: str = "srcnn") -> keras.Model:
    """SRCNN: three convolutions on bicubic luminance (Dong et al., TPAMI 2016, section 3.1).

    `middle=1` is 9-1-5 (8,032 weights), `middle=5` is 9-5-5 (57,184), biases not counted. The
    paper trains without padding; here pictures keep their size.

    Args:
        scale: enlargement.
        middle: kernel size of the second convolution.
        name: the Keras model's name.

    Returns:
        A functional `keras.Model`: (B, H, W, 3) RGB in 0..255, any H and W, to
        (B, scale * H, scale * W, 3) in about 0..255, not clipped, always float32.
    """
    inputs, pictures, y = read_luminance(scale, enlarged=True)
    x = conv(64, 9, "extract", activation="relu")(y)
    x = conv(32, middle, "map", activation="relu")(x)
    y = conv(1, 5, "reconstruct", dtype="float32")(x)
    return keras.Model(inputs, write_luminance(pictures, y), name=name)
