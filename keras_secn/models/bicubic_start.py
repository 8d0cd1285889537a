"""Initial weights with which a network computes bicubic interpolation.

ICNR (Aitken et al., 2017) initializes a pixel shuffle as nearest-neighbor interpolation; here head,
long skip, upsampler and tail together start as bicubic interpolation.
"""

import keras
import numpy as np

from keras_secn.data.imresize import cubic
from keras_secn.utils.errors import UserError

# factor on random weights between features and picture: gradients reach the blocks, and the picture
# is hardly disturbed
KEPT = 0.1
STARTS = ("interpolation", "random")  # of a network before its training


def can_start_as_interpolation(model):
    """Whether a network has EDSR's layers around its blocks, as SECN and SRResNet have."""
    return {"head", "body", "tail", "upsample_0"} <= {layer.name for layer in model.layers}


def start_as_interpolation(model: keras.Model) -> keras.Model:
    """Lets the first three channels carry RGB through the long skip to the output.

    Head and tail copy them, each upsampler interpolates them; all other weights stay random, those
    of body and tail scaled down. The slopes of SRResNet's PReLUs for these channels become 1.

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
            kernel, bias = layer.get_weights()
            kernel.reshape(*kernel.shape[:3], -1, kernel.shape[2])[..., :3] = 0
            interpolate(kernel, 3)
            layer.set_weights([kernel, bias])
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


def interpolate(kernel, count):
    """Lets an upsampler interpolate its first `count` channels by a 3x3 part of the bicubic kernel.

    `kernel`, (3, 3, C, C * scale^2), is of the convolution in front of a pixel shuffle; the weights
    from each of these channels to its own subpixels are overwritten.
    """
    channels, outputs = kernel.shape[2:]
    scale = round((outputs // channels) ** 0.5)
    taps = cubic(np.array([-1, 0, 1]) - subpixel_positions(scale)[:, None])
    taps /= taps.sum(axis=1, keepdims=True)
    for y, x, c in np.ndindex(scale, scale, count):
        kernel[:, :, c, (y * scale + x) * channels + c] = np.outer(taps[y], taps[x])


def subpixel_positions(scale):
    return (np.arange(scale) + 0.5) / scale - 0.5
