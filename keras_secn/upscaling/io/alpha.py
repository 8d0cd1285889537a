"""Transparency: no fringes from colors that nobody saw, no haze where nothing was."""

import numpy as np

ROWS = 256  # of a picture at once; even


def bleed(color, alpha):
    """Gives fully transparent pixels the color of the visible ones around them.

    What a file holds under transparent pixels, often black, would leak into the edges of the
    enlarged picture. The visible colors are averaged into ever coarser grids, and each hole takes
    its color from the finest grid that has one.
    """
    hidden = alpha[..., 0] == 0
    if not hidden.any() or hidden.all():
        return color
    halves = (_half(*_weighted(*part)) for _, part in _bands(color, alpha))
    levels = [tuple(np.concatenate(parts) for parts in zip(*halves, strict=True))]
    while max(levels[-1][1].shape[:2]) > 1:
        levels.append(_half(*levels[-1]))
    filled = None
    for sums, weight in reversed(levels):
        filled = _filled(sums, weight, filled)
    result = color.copy()
    half = 0.5 if np.issubdtype(color.dtype, np.integer) else 0.0
    for top, (rows, clear) in _bands(color, alpha):
        below = filled[top // 2 : (top + len(rows) + 1) // 2]
        own = _filled(*_weighted(rows, clear), below)
        place = hidden[top : top + len(rows)]
        result[top : top + len(rows)][place] = (own[place] + half).astype(color.dtype)
    return result


def _bands(*planes):
    """Yields the first row and the rows of each plane: the picture whole would be four floats."""
    for top in range(0, len(planes[0]), ROWS):
        yield top, tuple(plane[top : top + ROWS] for plane in planes)


def _weighted(color, alpha):
    weight = alpha.astype(np.float32)
    return color * weight, weight


def _filled(sums, weight, coarse):
    """Mean colors, and where there are none those of the next coarser grid, if there is one."""
    own = np.divide(sums, weight, out=np.zeros_like(sums), where=weight > 0)
    if coarse is None:
        return own
    coarse = coarse.repeat(2, axis=0).repeat(2, axis=1)[: own.shape[0], : own.shape[1]]
    return np.where(weight > 0, own, coarse)


def limits(alpha, first=0, last=None):
    """The least and the largest alpha within a pixel of each, to keep an enlarged one between.

    Two arrays, of the rows from `first` to before `last` of H x W x 1.
    """
    last = len(alpha) if last is None else last
    rows = alpha[max(0, first - 1) : last + 1, :, 0]
    # beyond the picture its edge is repeated
    padded = np.pad(rows, ((first == 0, last == len(alpha)), (1, 1)), mode="edge")

    def within(extreme):
        lines = extreme.reduce([padded[:-2], padded[1:-1], padded[2:]])
        return extreme.reduce([lines[:, :-2], lines[:, 1:-1], lines[:, 2:]])[..., None]

    return within(np.minimum), within(np.maximum)


def _half(*planes):
    made = []
    for plane in planes:
        plane = np.pad(plane, ((0, plane.shape[0] % 2), (0, plane.shape[1] % 2), (0, 0)))
        height, width, channels = plane.shape
        made.append(plane.reshape(height // 2, 2, width // 2, 2, channels).sum(axis=(1, 3)))
    return tuple(made)
