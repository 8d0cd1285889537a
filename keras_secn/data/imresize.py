"""MATLAB's bicubic `imresize` in NumPy, bit-exact on uint8."""

import numpy as np

from keras_secn.utils.errors import UserError

BLOCK = 1 << 16  # samples at a time, so that their float64 sums stay in the cache


def cubic(x):
    """Keys' cubic convolution kernel with a = -0.5 (Keys, 1981), as MATLAB uses it."""
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def contributions(length, out_length, scale):
    """Which input pixels each output pixel is made of, and their weights.

    When shrinking, the kernel is widened by 1/scale (antialiasing); indices beyond the edge are
    clamped to it, as in older MATLAB, whose LR images the literature used.

    Returns:
        weights and indices, both (out_length, taps).
    """
    stretch = min(scale, 1.0)
    width = 4.0 / stretch
    # pixel centers: output u lies at input position u / scale + (1 - 1 / scale) / 2, from 1
    center = np.arange(1, out_length + 1) / scale + 0.5 * (1 - 1 / scale)
    left = np.floor(center - width / 2)
    indices = left[:, None] + np.arange(int(np.ceil(width)) + 2)
    weights = stretch * cubic(stretch * (center[:, None] - indices))
    weights /= weights.sum(axis=1, keepdims=True)
    indices = np.clip(indices, 1, length).astype(np.intp) - 1
    used = np.any(weights != 0, axis=0)
    return weights[:, used], indices[:, used]


def imresize(image, scale=None, size=None):
    """Resizes by bicubic interpolation as MATLAB's `imresize(image, scale)` does.

    The axis with the smaller factor is resized first, height if they are equal; integers are
    rounded half up and clipped after each pass, as MATLAB does.

    Args:
        image: H x W or H x W x C; uint8, uint16 or float (floats are neither rounded nor clipped).
        scale: factor for both axes; the result's size is rounded up.
        size: (height, width) of the result, in place of `scale`.

    Returns:
        The resized image, of the same type.

    Raises:
        UserError: an unsupported type or shape, an empty image, neither or both of scale and size.
    """
    image = np.asarray(image)
    if image.dtype not in (np.uint8, np.uint16) and not np.issubdtype(image.dtype, np.floating):
        raise UserError(f"imresize takes uint8, uint16 or float images, not {image.dtype}")
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise UserError(f"imresize takes images of height x width (x channels), not {image.shape}")
    if (scale is None) == (size is None):
        raise UserError("imresize takes either a scale or a size")
    if scale is not None:
        if not 0 < scale < np.inf:
            raise UserError(f"scale must be above 0 and finite, not {scale}")
        size = [int(np.ceil(scale * length)) for length in image.shape[:2]]
        scales = [float(scale)] * 2
    else:
        if min(size) < 1:
            raise UserError(f"size must be at least 1x1, not {size}")
        scales = [out / length for out, length in zip(size, image.shape[:2], strict=True)]
    for axis in sorted((0, 1), key=scales.__getitem__):
        image = _resize_axis(image, axis, size[axis], scales[axis])
    return np.ascontiguousarray(image)


def _resize_axis(image, axis, out_length, scale):
    weights, indices = contributions(image.shape[axis], out_length, scale)
    lines = np.moveaxis(image, axis, 0)
    flat = np.ascontiguousarray(lines).reshape(len(lines), -1)
    result = np.empty((out_length, flat.shape[1]), image.dtype)
    step = max(1, BLOCK // flat.shape[1])
    for start in range(0, out_length, step):
        part = slice(start, start + step)
        total = 0.0
        for weight, index in zip(weights[part].T, indices[part].T, strict=True):
            # tap by tap in a fixed order, which half-way cases depend on
            total = total + weight[:, None] * flat[index]
        if not np.issubdtype(image.dtype, np.floating):
            total = np.clip(np.floor(total + 0.5), 0, np.iinfo(image.dtype).max)
        result[part] = total
    return np.moveaxis(result.reshape(out_length, *lines.shape[1:]), 0, axis)


def modcrop(image, scale):
    """Crops height and width to multiples of `scale`, at the bottom and the right."""
    height, width = (length - length % scale for length in image.shape[:2])
    return image[:height, :width]
