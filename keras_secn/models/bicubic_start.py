"""A fresh network that already enlarges: it starts as bicubic interpolation.

From Glorot's random weights, a network spends its first thousand steps on learning to pass the
picture through. ICNR (Aitken et al., 2017) starts a pixel shuffle as nearest-neighbor
interpolation; here the same idea covers the whole skeleton, so that training goes into what
interpolation lacks from the first step on.
"""

import keras
import numpy as np

from keras_secn.data.imresize import cubic
from keras_secn.utils.errors import UserError

# How much of their random values the weights keep that stand between the features and the picture:
# enough for gradients to reach the blocks, too little to disturb the picture.
KEPT = 0.1


def can_start_as_interpolation(model):
    """Whether a network has SECN's skeleton: EDSR, CT-SECN and SRResNet do."""
    return {"head", "body", "tail", "upsample_0"} <= {layer.name for layer in model.layers}


def start_as_interpolation(model):
    """Lets the first three channels carry RGB through the long skip to the output.

    Head and tail pass them through, each upsampler interpolates them by a 3x3 piece of the bicubic
    kernel; all other weights stay random, those of body and tail scaled down. SRResNet's PReLUs on
    that way let negative values of these channels pass as well.

    Args:
        model: a fresh network of `keras_secn.models.build_network` or `build_srresnet`, at least 3
            filters wide.

    Returns:
        The model, changed in place; parameters and layers are the same as before.

    Raises:
        UserError: the network is of another family or too narrow.
    """
    if not can_start_as_interpolation(model):
        raise UserError(f"{model.name} has no head, body, upsampler and tail to start from")
    names = {layer.name: layer for layer in model.layers}
    if names["head"].filters < 3:
        raise UserError("a network that starts as interpolation needs at least 3 filters")

    kernel, bias = names["head"].get_weights()
    kernel[..., :3] = 0
    kernel[_center(kernel)][:, :3] = np.eye(3)
    names["head"].set_weights([kernel, bias])

    kernel, bias = names["body"].get_weights()
    names["body"].set_weights([kernel * KEPT, bias])
    if "body_norm" in names:  # which undoes the factor
        gamma, *others = names["body_norm"].get_weights()
        gamma *= KEPT
        gamma[:3] = 0
        names["body_norm"].set_weights([gamma, *others])

    for name, layer in names.items():
        if name.startswith("upsample_") and isinstance(layer, keras.layers.Conv2D):
            layer.set_weights(_interpolating(*layer.get_weights()))
        elif name.startswith(("head_", "upsample_")) and isinstance(layer, keras.layers.PReLU):
            (slopes,) = layer.get_weights()
            slopes[..., :3] = 1
            layer.set_weights([slopes])

    kernel, bias = names["tail"].get_weights()
    kernel *= KEPT
    kernel[:, :, :3] = 0
    kernel[_center(kernel)][:3] = np.eye(3)
    names["tail"].set_weights([kernel, bias])
    return model


def _center(kernel):
    return kernel.shape[0] // 2, kernel.shape[1] // 2


def _interpolating(kernel, bias):
    """An upsampler's weights whose first three channels after the shuffle are interpolated."""
    channels, outputs = kernel.shape[2:]
    scale = round((outputs // channels) ** 0.5)
    # sub-pixel d lies (d + 0.5) / scale - 0.5 from the center of its LR pixel
    offsets = (np.arange(scale) + 0.5) / scale - 0.5
    taps = cubic(np.array([-1, 0, 1]) - offsets[:, None])
    taps /= taps.sum(axis=1, keepdims=True)
    for y in range(scale):
        for x in range(scale):
            first = (y * scale + x) * channels
            kernel[..., first : first + 3] = 0
            for c in range(3):
                kernel[:, :, c, first + c] = np.outer(taps[y], taps[x])
    return [kernel, bias]
