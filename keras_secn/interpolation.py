"""A fresh network that already enlarges: it starts as bicubic interpolation.

From Glorot's random weights, a network spends its first thousand steps on learning to pass the
picture through. ICNR (Aitken et al., 2017) starts a pixel shuffle as nearest-neighbour
interpolation; here the same idea covers the whole skeleton, so that training goes into what
interpolation lacks from the first step on.
"""

import numpy as np

from .errors import UserError
from .imresize import cubic

# How much of their random values the weights keep that stand between the features and the picture:
# enough for gradients to reach the blocks, too little to disturb the picture.
KEPT = 0.1


def start_as_interpolation(model):
    """Lets the first three channels carry RGB through the long skip to the output.

    Head and tail pass them through, each upsampler interpolates them by a 3x3 piece of the bicubic
    kernel; all other weights stay random, those of body and tail scaled down.

    Args:
        model: a fresh network of `keras_secn.models.build_network`, at least 3 filters wide.

    Returns:
        The model, changed in place; parameters and layers are the same as before.

    Raises:
        UserError: the network is of another family or too narrow.
    """
    names = {layer.name: layer for layer in model.layers}
    upsamplers = [layer for name, layer in names.items() if name.startswith("upsample_")]
    if not {"head", "body", "tail"} <= set(names) or not upsamplers:
        raise UserError(f"{model.name} has no head, body, upsampler and tail to start from")
    if names["head"].filters < 3:
        raise UserError("a network that starts as interpolation needs at least 3 filters")

    kernel, bias = names["head"].get_weights()
    kernel[..., :3] = 0
    kernel[1, 1, :, :3] = np.eye(3)
    names["head"].set_weights([kernel, bias])

    kernel, bias = names["body"].get_weights()
    names["body"].set_weights([kernel * KEPT, bias])

    for layer in upsamplers:
        layer.set_weights(_interpolating(*layer.get_weights()))

    kernel, bias = names["tail"].get_weights()
    kernel *= KEPT
    kernel[:, :, :3] = 0
    kernel[1, 1, :3] = np.eye(3)
    names["tail"].set_weights([kernel, bias])
    return model


def _interpolating(kernel, bias):
    """An upsampler's weights whose first three channels after the shuffle are interpolated."""
    channels, outputs = kernel.shape[2:]
    scale = round((outputs // channels) ** 0.5)
    # sub-pixel d lies (d + 0.5) / scale - 0.5 from the centre of its LR pixel
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
