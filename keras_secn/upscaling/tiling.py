"""Tiles of an image for the network, and sample patches for the gates."""

import math
from typing import NamedTuple

import numpy as np

# LR pixels: an image of at most so many is pooled whole, so that its gates are exact
POOLED_WHOLE = 512 * 512
# a larger one is pooled over a grid of patches of this side, of about so many pixels together
PATCH, SAMPLED = 64, 256 * 256
SMALLEST_PART = 16  # LR pixels a side of a tile beside its overlaps


class Cut(NamedTuple):
    """One tile along one axis, in LR pixels."""

    start: int  # of what the network is given
    stop: int
    first: int  # of what is kept of it
    last: int


def cuts(length, tile, overlap, exactly=False):
    """Tiles along one axis, all of one size, that overlap by at least `overlap` at each side.

    Their size is `tile` if `exactly`, else the least at which as many tiles cover the image.
    """
    if length <= tile:
        return [Cut(0, length, 0, length)]
    count = math.ceil((length - 2 * overlap) / (tile - 2 * overlap))
    size = tile if exactly else math.ceil((length + 2 * overlap * (count - 1)) / count)
    starts = [min(i * (size - 2 * overlap), length - size) for i in range(count)]
    edges = [0, *(start + overlap for start in starts[1:]), length]
    return [
        Cut(start, start + size, first, last)
        for start, first, last in zip(starts, edges, edges[1:], strict=False)
    ]


def sample(height, width):
    """The patches of an image that its gates are computed from, as (rows, columns) slices.

    They depend on the image's size alone: an image of at most `POOLED_WHOLE` pixels is one patch,
    a larger one is sampled by a regular grid from edge to edge.
    """
    if height * width <= POOLED_WHOLE:
        return [(slice(0, height), slice(0, width))]
    patch_height, patch_width = min(PATCH, height), min(PATCH, width)
    count = SAMPLED // (patch_height * patch_width)
    columns = round(math.sqrt(count * width / height))
    columns = min(max(columns, 1), count, width // patch_width)
    rows = min(max(count // columns, 1), height // patch_height)
    return [
        (slice(top, top + patch_height), slice(left, left + patch_width))
        for top in _spread(height - patch_height, rows)
        for left in _spread(width - patch_width, columns)
    ]


def _spread(last, count):
    if count == 1:
        return [last // 2]
    return [round(place) for place in np.linspace(0, last, count)]
