"""Networks for phones: EDSR of MLPerf Mobile, and the pocket networks."""

import keras

from keras_secn.layers.blocks import ResidualBlock
from keras_secn.layers.collapsible_conv import CollapsibleConv2D
from keras_secn.layers.convolution import conv
from keras_secn.layers.normalization import MeanShift
from keras_secn.layers.resampling import PixelShuffle
from keras_secn.layers.squeeze_excite import SqueezeExcite
from keras_secn.utils.errors import UserError, require_known

# size -> (filters, convolutions between head and tail); parameters for x2 once folded
POCKET_SIZES = {
    "s": (16, 7),  # 18,428
    "m": (24, 9),  # 50,148
    "l": (32, 8),  # 78,348
}


def build_edsr_mobile(
    scale: int = 2, filters: int = 32, blocks: int = 5, name: str = "edsr_mobile"
) -> keras.Model:
    """EDSR whose tail writes the channels of the pixel shuffle directly, as in MLPerf Mobile.

    106,092 parameters with the defaults: conv 3 -> 32, 5 residual blocks, a convolution with long
    skip, conv 32 -> 12, pixel shuffle. Clipping belongs to the exported file.

    Args:
        scale: any whole number of at least 2.
        filters: channels of every feature map.
        blocks: residual blocks.
        name: the Keras model's name.

    Returns:
        A functional `keras.Model`: (B, H, W, 3) RGB in 0..255 to (B, scale * H, scale * W, 3).

    Raises:
        UserError: the scale is below 2.
    """
    inputs, x = _start(scale)
    x = skip = conv(filters, 3, "head")(x)
    for index in range(blocks):
        x = ResidualBlock(name=f"block_{index}")(x)
    x = conv(filters, 3, "body")(x)
    x = keras.layers.Add(name="long_skip")([x, skip])
    x = conv(3 * scale**2, 3, "tail", dtype="float32")(x)
    x = PixelShuffle(scale, name="pixel_shuffle", dtype="float32")(x)
    outputs = MeanShift(inverse=True, name="add_mean", dtype="float32")(x)
    return keras.Model(inputs, outputs, name=name)


def build_pocket_secn(
    size: str = "m",
    scale: int = 2,
    collapsible: bool = True,
    gate: bool = False,
    name: str | None = None,
) -> keras.Model:
    """Pocket SECN: a stack of 3x3 convolutions with one skip in image space, for int8 on phones.

    The skip adds the picture itself ("anchor", Du et al., ABPN, 2021), so that a quantization step
    there is a gray level. The tail writes the channels of the pixel shuffle directly. Blocks are
    collapsible and fold into convolutions with ReLU (SESR, Bhardwaj et al., MLSys 2022), which
    every phone's delegate runs fast.

    Args:
        size: "s", "m" or "l": see `POCKET_SIZES`.
        scale: any whole number of at least 2.
        collapsible: `True` to train; `False` for the folded network, which is what
            `keras_secn.rewrite.fold_collapsible.fold` makes of the former.
        gate: one squeeze-and-excitation before the tail.
        name: the Keras model's name; `pocket_secn_SIZE` if not given.

    Returns:
        A functional `keras.Model`: (B, H, W, 3) RGB in 0..255 to (B, scale * H, scale * W, 3).

    Raises:
        UserError: an unknown size, or a scale below 2.
    """
    require_known(size, POCKET_SIZES, "size")
    filters, depth = POCKET_SIZES[size]

    def layer(filters, name, **options):
        if collapsible:
            return CollapsibleConv2D(filters, 3, name=name, **options)
        return conv(filters, 3, name, **options)

    inputs, x = _start(scale)
    x = layer(filters, "head", activation="relu")(x)
    for index in range(depth):
        x = layer(filters, f"conv_{index}", activation="relu")(x)
    if gate:
        x = SqueezeExcite(name="gate")(x)
    # from zero: the network starts as nearest-neighbor interpolation
    x = layer(3 * scale**2, "tail", dtype="float32", kernel_initializer="zeros")(x)
    x = keras.layers.Rescaling(127.5, name="levels", dtype="float32")(x)
    anchor = keras.layers.Concatenate(name="anchor", dtype="float32")([inputs] * scale**2)
    x = keras.layers.Add(name="image_skip", dtype="float32")([x, anchor])
    outputs = PixelShuffle(scale, name="pixel_shuffle", dtype="float32")(x)
    return keras.Model(inputs, outputs, name=name or f"pocket_secn_{size}")


def _start(scale):
    if scale < 2:
        raise UserError(f"scale must be at least 2, not {scale}")
    inputs = keras.Input((None, None, 3), name="lr", dtype="float32")
    return inputs, MeanShift(name="subtract_mean", dtype="float32")(inputs)
