"""A+ (Timofte et al., ACCV 2014) as a Keras network."""

import keras

from keras_secn.layers.anchored_regression import AnchoredRegression, OverlapMean, PadEdges
from keras_secn.layers.convolution import conv
from keras_secn.models.luminance import read_luminance, write_luminance

PATCH = 3  # side of a patch in LR pixels
REACH = 2  # pixels that the longest derivative reaches to each side


def build_aplus(
    scale: int = 2, anchors: int = 1024, components: int = 30, name: str = "aplus"
) -> keras.Model:
    """A+: each patch is corrected by the linear regressor of its nearest anchor.

    Not trained by gradients: `training/train.py --model aplus` fits it to photographs.

    Args:
        scale: enlargement.
        anchors: number of anchors, and of regressors.
        components: principal components of the patches' derivatives.
        name: the Keras model's name.

    Returns: see `keras_secn.models.srcnn.build_srcnn`.
    """
    inputs, pictures, y = read_luminance(scale, enlarged=True)
    side = PATCH * scale
    x = PadEdges((side - scale) // 2 + REACH, name="pad", dtype="float32")(y)
    # the derivatives of a patch and their principal components are linear: one convolution
    x = conv(
        components,
        side + 2 * REACH,
        "features",
        strides=scale,
        padding="valid",
        use_bias=False,
        dtype="float32",
    )(x)
    x = AnchoredRegression(anchors, side**2, name="regression", dtype="float32")(x)
    x = OverlapMean(side, scale, name="overlap", dtype="float32")(x)
    y = keras.layers.Add(name="add_bicubic", dtype="float32")([y, x])
    return keras.Model(inputs, write_luminance(pictures, y), name=name)
