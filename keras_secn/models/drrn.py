"""DRRN (Tai et al., CVPR 2017)."""

import keras

from keras_secn.layers.convolution import conv
from keras_secn.models.luminance import read_luminance, write_luminance


def build_drrn(
    scale: int = 2, blocks: int = 1, units: int = 9, filters: int = 128, name: str = "drrn"
) -> keras.Model:
    """DRRN_B1U9: residual units that share their weights (Tai et al., CVPR 2017, figure 4).

    297,216 weights for B1U9, biases not counted. The paper's batch norms are left out, as in EDSR.

    Args:
        scale: enlargement.
        blocks: recursive blocks (B), each with weights of its own.
        units: residual units per block (U), all with the block's weights.
        filters: channels of every feature map.
        name: the Keras model's name.

    Returns: see `keras_secn.models.srcnn.build_srcnn`.
    """
    inputs, pictures, y = read_luminance(scale, enlarged=True)

    def relu(x):
        return keras.layers.ReLU()(x)

    x = y
    for block in range(blocks):
        x = start = conv(filters, 3, f"block_{block}")(relu(x) if block else x)
        conv_1, conv_2 = (conv(filters, 3, f"block_{block}_conv_{part}") for part in (1, 2))
        for _ in range(units):
            # every unit adds to the block's start, not to the unit before (equation 4)
            x = keras.layers.Add()([conv_2(relu(conv_1(relu(x)))), start])
    x = conv(1, 3, "residual", dtype="float32")(relu(x))
    y = keras.layers.Add(name="add_bicubic", dtype="float32")([y, x])
    return keras.Model(inputs, write_luminance(pictures, y), name=name)
