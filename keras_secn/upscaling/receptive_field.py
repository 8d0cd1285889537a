"""How far a network looks: the overlap that makes tiles exact."""

import numpy as np

FIRST, LARGEST = 96, 800  # sides of the probe in LR pixels


def receptive_radius(tile, gates):
    """How many LR pixels around its own an output pixel depends on, gates taken as given.

    Measured, not derived: a NaN in one pixel reaches exactly what depends on that pixel, whatever
    the weights are. CT-SECN and SECN with 16 blocks: 36.

    Args:
        tile: function of a float32 tile (H, W, 3) and gates that returns the enlarged tile.
        gates: any gates for it.

    Returns:
        The radius in LR pixels; `None` if it sees the whole image, which tiles cannot equal.
    """
    side = FIRST
    while side <= LARGEST:
        probe = np.zeros((side, side, 3), np.float32)
        middle = side // 2
        probe[middle, middle] = np.nan
        result = tile(probe, gates)
        reached = np.isnan(result).any(axis=2)
        lines = np.flatnonzero(reached.any(axis=0) | reached.any(axis=1))
        if lines.size == 0:
            return 0
        first, last = np.array([lines[0], lines[-1]]) * side // result.shape[0]
        if first > 0 and last < side - 1:
            return int(max(middle - first, last - middle))
        side *= 2
    return None
