"""EDSR's head, long skip, upsampler and tail around a list of residual blocks."""

from collections.abc import Sequence

import keras

from keras_secn.layers.blocks import BLOCKS, Block
from keras_secn.layers.convolution import conv
from keras_secn.layers.normalization import MeanShift
from keras_secn.layers.resampling import PixelShuffle
from keras_secn.utils.errors import UserError, require_known


def build_network(
    kinds: Sequence[str],
    scale: int = 2,
    filters: int = 64,
    residual_scaling: float = 1.0,
    name: str | None = None,
) -> keras.Model:
    """Head - blocks - body conv - long skip - upsampler - tail, as in EDSR (CVPRW 2017, figure 3).

    Args:
        kinds: names of block kinds from front to back, for example `["se"] * 16`; the names are
            the keys of `keras_secn.layers.BLOCKS`.
        scale: 2, 3 or 4.
        filters: channels of every feature map.
        residual_scaling: factor on each block's branch, below 1 for very wide networks.
        name: the Keras model's name.

    Returns:
        A functional `keras.Model`: (B, H, W, 3) RGB in 0..255, any H and W, to
        (B, scale * H, scale * W, 3) in about 0..255, not clipped, always float32.

    Raises:
        UserError: an unknown kind or scale, no block, or no filter.
    """
    for kind in kinds:
        require_known(kind, BLOCKS, "block kind")
    if not kinds or filters < 1:
        raise UserError("a network needs at least one block and one filter")

    shuffles = pixel_shuffles(scale)
    inputs = keras.Input((None, None, 3), name="lr", dtype="float32")
    # float32 at both ends: bfloat16 would round pixels of 0..255
    x = MeanShift(name="subtract_mean", dtype="float32")(inputs)
    x = skip = conv(filters, 3, "head")(x)

    for index, kind in enumerate(kinds):
        x = BLOCKS[kind](residual_scaling, name=f"block_{index}")(x)

    x = conv(filters, 3, "body")(x)
    x = keras.layers.Add(name="long_skip")([x, skip])

    for index, size in enumerate(shuffles):
        x = conv(filters * size**2, 3, f"upsample_{index}")(x)
        x = PixelShuffle(size, name=f"pixel_shuffle_{index}")(x)

    x = conv(3, 3, "tail", dtype="float32")(x)
    outputs = MeanShift(inverse=True, name="add_mean", dtype="float32")(x)
    return keras.Model(inputs, outputs, name=name)


def pixel_shuffles(scale: int) -> tuple[int, ...]:
    """The factors of an upsampler's pixel shuffles (EDSR, section 3.2): x4 is x2 twice.

    Raises:
        UserError: the scale is not 2, 3 or 4.
    """
    if scale not in (2, 3, 4):
        raise UserError(f"scale must be 2, 3 or 4, not {scale}")
    return (2, 2) if scale == 4 else (scale,)


def block_layers(model: keras.Model) -> list[Block]:
    """The model's residual blocks from front to back."""
    return [layer for layer in model.layers if isinstance(layer, tuple(BLOCKS.values()))]


def block_kinds(model: keras.Model) -> list[str]:
    """The model's list of block kinds, from front to back: what `build_network` was given."""
    names = {block: kind for kind, block in BLOCKS.items()}
    return [names[type(layer)] for layer in block_layers(model)]


def scale_of(model: keras.Model) -> int:
    """The factor by which a model enlarges height and width.

    Raises:
        UserError: the model is not a super-resolution network (RGB in, larger RGB out).
    """
    try:
        _, height, width, channels = model.compute_output_shape((1, 24, 24, 3))
    except Exception:
        height = width = channels = None
    if channels != 3 or height != width or not height or height % 24 or height < 48:
        raise UserError(f"{model.name} is not a super-resolution network: RGB in, larger RGB out")
    return height // 24
