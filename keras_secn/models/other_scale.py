"""Initial weights for x3 or x4 from the trained network for x2 (EDSR, section 3.2)."""

import numpy as np

from keras_secn.models.bicubic_start import KEPT, interpolate, subpixel_positions
from keras_secn.models.edsr_trunk import scale_of
from keras_secn.utils.errors import UserError


def start_from_other_scale(source, target):
    """Carries a trained network's weights over to the same network of another scale.

    Layers of the same shape are copied. A convolution in front of a pixel shuffle gets the
    source's kernels, interpolated linearly between their subpixels. An upsampler that the source
    lacks (the second one of x4) starts as bicubic interpolation of its features.

    Args:
        source: the trained network.
        target: the same network for another scale; its weights are overwritten.

    Raises:
        UserError: the networks differ in more than their scale.

    Example:
        >>> x4 = build_ct_secn(scale=4)
        >>> start_from_other_scale(keras_secn.load("ct_secn_16"), x4)
    """
    names = {layer.name: layer for layer in source.layers}
    for layer in target.layers:
        if not layer.weights:
            continue
        wanted = [tuple(weight.shape) for weight in layer.weights]
        if layer.name in names:
            weights = names[layer.name].get_weights()
            if [weight.shape for weight in weights] != wanted:
                weights = _at_subpixels(weights, wanted, scale_of(source), scale_of(target))
        elif layer.name.startswith("upsample_"):
            kernel, bias = layer.get_weights()
            kernel *= KEPT  # random weights, so that gradients differ between channels
            interpolate(kernel, kernel.shape[2])
            weights = [kernel, bias]
        else:
            weights = []
        if [weight.shape for weight in weights] != wanted:
            raise UserError(
                f"{source.name} and {target.name} differ in more than their scale: {layer.name}"
            )
        layer.set_weights(weights)


def _at_subpixels(weights, wanted, old_scale, scale):
    """Kernel and bias for the subpixels of another scale, linear in their positions."""
    channels, rest = divmod(weights[-1].shape[0], old_scale**2)
    if rest or wanted[-1] != (channels * scale**2,):
        return []
    old, new = subpixel_positions(old_scale), subpixel_positions(scale)
    share = (new - old[0]) / (old[-1] - old[0])
    mix = np.zeros((scale, old_scale), np.float32)
    mix[:, 0], mix[:, -1] = 1 - share, share

    def resample(weight):
        split = weight.reshape(*weight.shape[:-1], old_scale, old_scale, channels)
        mixed = np.einsum("ya,xb,...abc->...yxc", mix, mix, split)
        return mixed.reshape(*weight.shape[:-1], -1).astype("float32")

    return [resample(weight) for weight in weights]
