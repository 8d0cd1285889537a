"""VDSR (Kim et al., CVPR 2016)."""

import keras

from keras_secn.layers.convolution import conv
from keras_secn.models.luminance import read_luminance, write_luminance


def build_vdsr(
    scale: int = 2, depth: int = 20, filters: int = 64, name: str = "vdsr"
) -> keras.Model:
    """VDSR: twenty convolutions learn what bicubic lacks (Kim et al., CVPR 2016, section 3.1).

    665,921 parameters. Its gradient clipping is `Recipe(momentum=0.9, theta=...)`.

    Args:
        scale: enlargement.
        depth: number of convolutions.
        filters: channels of every feature map.
        name: the Keras model's name.

    Returns: see `keras_secn.models.srcnn.build_srcnn`.
    """
    inputs, pictures, y = read_luminance(scale, enlarged=True)
    x = y
    for index in range(1, depth):
        x = conv(filters, 3, f"conv_{index}", activation="relu", kernel_initializer="he_normal")(x)
    x = conv(1, 3, "residual", dtype="float32")(x)
    y = keras.layers.Add(name="add_bicubic", dtype="float32")([y, x])
    return keras.Model(inputs, write_luminance(pictures, y), name=name)
