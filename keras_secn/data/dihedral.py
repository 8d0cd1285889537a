"""The eight flips and quarter turns of a picture."""

import numpy as np


def dihedral(image, turn):
    """A view of `image` (H, W, C): `turn % 4` quarter turns, mirrored if `turn` is 4 or more."""
    # slices: `np.rot90` takes longer than the copy of a patch
    if turn % 2:
        image = image.swapaxes(0, 1)
    image = image[:: -1 if turn % 4 in (1, 2) else 1, :: -1 if turn % 4 in (2, 3) else 1]
    return image[:, ::-1] if turn >= 4 else image


def undo_dihedral(view, turn):
    """The image whose `dihedral` view by `turn` is `view`."""
    view = view[:, ::-1] if turn >= 4 else view
    return np.rot90(view, -(turn % 4))
