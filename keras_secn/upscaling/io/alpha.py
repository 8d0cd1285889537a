"""Transparency without fringes: colors of hidden pixels, limits of enlarged alpha."""

import numpy as np


def bleed(color, alpha):
    """Gives fully transparent pixels the color of the visible ones around them.

    What a file holds under transparent pixels, often black, would leak into the edges of the
    enlarged picture. The visible colors are averaged into ever coarser grids, and each hole takes
    its color from the finest grid that has one.

    Args:
        color: H x W x C, uint8, uint16 or float32.
        alpha: H x W x 1 of the same type, 0 where the picture is transparent.

    Returns:
        `color` with other values where `alpha` is 0.
    """
    hidden = alpha[..., 0] == 0
    if not hidden.any() or hidden.all():
        return color
    weight = alpha.astype(np.float32)
    levels = [(color * weight, weight)]
    while max(levels[-1][1].shape[:2]) > 1:
        levels.append(tuple(_half(plane) for plane in levels[-1]))
    filled = None
    for sums, weight in reversed(levels):
        own = np.divide(sums, weight, out=np.zeros_like(sums), where=weight > 0)
        if filled is not None:
            coarse = filled.repeat(2, axis=0).repeat(2, axis=1)[: own.shape[0], : own.shape[1]]
            own = np.where(weight > 0, own, coarse)
        filled = own
    result = color.copy()
    half = 0.5 if np.issubdtype(color.dtype, np.integer) else 0.0
    result[hidden] = (filled[hidden] + half).astype(color.dtype)
    return result


def limits(alpha):
    """The least and the largest alpha within a pixel of each, to keep an enlarged one between.

    Args:
        alpha: H x W x 1.

    Returns:
        Two arrays of that shape.
    """
    extremes = []
    for extreme in (np.minimum, np.maximum):
        result = alpha
        for axis in (0, 1):
            padded = np.pad(result, [(int(axis == other),) * 2 for other in range(3)], mode="edge")
            length = result.shape[axis]
            parts = [padded.take(range(shift, shift + length), axis=axis) for shift in range(3)]
            result = extreme.reduce(parts)
        extremes.append(result)
    return extremes


def _half(plane):
    plane = np.pad(plane, ((0, plane.shape[0] % 2), (0, plane.shape[1] % 2), (0, 0)))
    height, width, channels = plane.shape
    return plane.reshape(height // 2, 2, width // 2, 2, channels).sum(axis=(1, 3))
