"""CT-SRCNN (Ren et al., WACV 2018)."""

from collections.abc import Sequence

import keras

from keras_secn.layers.convolution import conv
from keras_secn.models.luminance import read_luminance, write_luminance
from keras_secn.utils.errors import UserError


def build_ct_srcnn(
    scale: int = 2, widths: Sequence[int] = (64,) * 12, name: str = "ct_srcnn"
) -> keras.Model:
    """CT-SRCNN: a stack of convolutions that learns the residual of bicubic interpolation.

    9x9 at first, 3x3 between, 5x5 at the end (Ren et al., WACV 2018). `training/train.py` trains
    it as the paper does, in stages: deeper, then narrower.

    Args:
        scale: enlargement.
        widths: channels of every feature map, from front to back; thirteen convolutions by
            default, the deepest network of the paper.
        name: the Keras model's name.

    Returns: see `keras_secn.models.srcnn.build_srcnn`.

    Raises:
        UserError: no feature map, or one without channels.
    """
    if not widths or min(widths) < 1:
        raise UserError("CT-SRCNN needs at least one feature map of at least one channel")
    inputs, pictures, y = read_luminance(scale, enlarged=True)
    x = y
    for index, width in enumerate(widths):
        options = {"activation": "relu", "kernel_initializer": "he_normal"}
        x = conv(width, 3 if index else 9, f"conv_{index}", **options)(x)
    x = conv(1, 5, "residual", dtype="float32")(x)
    y = keras.layers.Add(name="add_bicubic", dtype="float32")([y, x])
    return keras.Model(inputs, write_luminance(pictures, y), name=name)
