"""SRResNet, the generator of SRGAN, and its discriminator (Ledig et al., CVPR 2017)."""

import keras

from keras_secn.layers.convolution import conv
from keras_secn.layers.normalization import MeanShift
from keras_secn.layers.resampling import PixelShuffle
from keras_secn.models.edsr_trunk import pixel_shuffles


def build_srresnet(
    scale: int = 2, blocks: int = 16, filters: int = 64, name: str = "srresnet"
) -> keras.Model:
    """SRResNet: residual blocks with batch norm and PReLU (Ledig et al., CVPR 2017, figure 4).

    1,542,528 weights at x4 (the literature's 1,543K), biases, slopes and batch norms not counted.

    Args:
        scale: 2, 3 or 4.
        blocks: residual blocks.
        filters: channels of every feature map.
        name: the Keras model's name.

    Returns: see `keras_secn.models.edsr_trunk.build_network`.

    Raises:
        UserError: another scale.
    """
    shuffles = pixel_shuffles(scale)

    def norm(x, name):
        return keras.layers.BatchNormalization(name=f"{name}_norm")(x)

    def prelu(x, name):
        return keras.layers.PReLU(shared_axes=[1, 2], name=f"{name}_prelu")(x)

    inputs = keras.Input((None, None, 3), name="lr", dtype="float32")
    x = MeanShift(name="subtract_mean", dtype="float32")(inputs)
    x = skip = prelu(conv(filters, 9, "head")(x), "head")
    for index in range(blocks):
        block = f"block_{index}"
        y = prelu(norm(conv(filters, 3, f"{block}_1")(x), f"{block}_1"), block)
        y = norm(conv(filters, 3, f"{block}_2")(y), f"{block}_2")
        x = keras.layers.Add(name=f"{block}_add")([x, y])
    x = norm(conv(filters, 3, "body")(x), "body")
    x = keras.layers.Add(name="long_skip")([x, skip])
    for index, size in enumerate(shuffles):
        x = conv(filters * size**2, 3, f"upsample_{index}")(x)
        x = PixelShuffle(size, name=f"pixel_shuffle_{index}")(x)
        x = prelu(x, f"upsample_{index}")
    x = conv(3, 9, "tail", dtype="float32")(x)
    outputs = MeanShift(inverse=True, name="add_mean", dtype="float32")(x)
    return keras.Model(inputs, outputs, name=name)


def build_discriminator(
    patch: int = 96, filters: int = 64, units: int = 1024, name: str = "discriminator"
) -> keras.Model:
    """SRGAN's discriminator: is this patch a photograph? (Ledig et al., CVPR 2017, figure 4).

    Args:
        patch: side of the HR patches, a multiple of 16.
        filters: channels of the first convolution; they double three times.
        units: of the dense layer.
        name: the Keras model's name.

    Returns:
        A functional `keras.Model`: (B, patch, patch, 3) RGB in 0..255 to (B, 1) logits, float32.
    """
    inputs = keras.Input((patch, patch, 3), name="picture", dtype="float32")
    x = MeanShift(name="subtract_mean", dtype="float32")(inputs)
    for index in range(8):
        x = conv(filters * 2 ** (index // 2), 3, strides=1 + index % 2)(x)
        if index:
            x = keras.layers.BatchNormalization()(x)
        x = keras.layers.LeakyReLU(0.2)(x)
    x = keras.layers.Dense(units)(keras.layers.Flatten(data_format="channels_last")(x))
    x = keras.layers.LeakyReLU(0.2)(x)
    return keras.Model(inputs, keras.layers.Dense(1, dtype="float32")(x), name=name)
