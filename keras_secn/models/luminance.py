"""Input and output of networks that enlarge luminance alone, as all before SRResNet do.

The networks take and give RGB; colors are interpolated (bicubic), as in their papers.
"""

import keras

from keras_secn.layers.luminance import Luminance, WithLuminance
from keras_secn.layers.resampling import BicubicUpsample


def read_luminance(scale, enlarged):
    """The inputs of a network on luminance, of the bicubic enlargement or of the LR picture.

    Returns:
        The input, (B, H, W, 3) RGB in 0..255; its bicubic enlargement, for `write_luminance`; and
        the luminance, one channel of about 0..1.
    """
    inputs = keras.Input((None, None, 3), name="lr", dtype="float32")
    pictures = BicubicUpsample(scale, name="bicubic", dtype="float32")(inputs)
    y = Luminance(name="luminance", dtype="float32")(pictures if enlarged else inputs)
    return inputs, pictures, y


def write_luminance(pictures, y):
    """RGB of 0..255, not clipped: the colors of `pictures` and the luminance `y`, float32."""
    return WithLuminance(name="colours", dtype="float32")([pictures, y])
