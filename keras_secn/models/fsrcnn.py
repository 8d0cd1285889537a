"""FSRCNN (Dong et al., ECCV 2016)."""

import keras

from keras_secn.layers.convolution import conv
from keras_secn.models.luminance import read_luminance, write_luminance


def build_fsrcnn(
    scale: int = 2, d: int = 56, s: int = 12, m: int = 4, name: str = "fsrcnn"
) -> keras.Model:
    """FSRCNN(d, s, m): an hourglass on LR luminance (Dong et al., ECCV 2016, section 3.2).

    12,464 weights for (56, 12, 4), biases and PReLU slopes not counted.

    Args:
        scale: enlargement.
        d: channels of the LR features.
        s: channels of the shrunk features.
        m: number of mapping layers.
        name: the Keras model's name.

    Returns: see `keras_secn.models.srcnn.build_srcnn`.
    """
    inputs, pictures, x = read_luminance(scale, enlarged=False)

    def layer(x, filters, kernel_size, name):
        x = conv(filters, kernel_size, name)(x)
        return keras.layers.PReLU(shared_axes=[1, 2], name=f"{name}_prelu")(x)

    x = layer(x, d, 5, "extract")
    x = layer(x, s, 1, "shrink")
    for index in range(m):
        x = layer(x, s, 3, f"map_{index}")
    x = layer(x, d, 1, "expand")
    y = keras.layers.Conv2DTranspose(
        1,
        9,
        strides=scale,
        padding="same",
        data_format="channels_last",
        name="deconvolution",
        dtype="float32",
    )(x)
    return keras.Model(inputs, write_luminance(pictures, y), name=name)
