"""Crops of bicubic interpolation and of the network, side by side."""

import numpy as np

from keras_secn.data.images import read_image
from keras_secn.metrics.crops import crops_picture
from keras_secn.utils.errors import UserError

SMALLEST = 16  # result pixels a side
CROP, ZOOM = 96, 3  # result pixels a side, and by how much they are enlarged to be looked at


def write_comparison(path, result, out, name):
    """Writes a PNG of three crops, one from each third of the longer side, in two columns."""
    from PIL import Image

    after = read_image(result)
    if min(after.shape[:2]) < SMALLEST:
        raise UserError(f"{path}: too small to compare")
    # Pillow's bicubic is what the user would have got elsewhere
    before = Image.fromarray(read_image(path)).resize(after.shape[1::-1], Image.Resampling.BICUBIC)
    axis = int(np.argmax(after.shape[:2]))
    columns = [
        (title, np.array_split(pixels, min(3, pixels.shape[axis]), axis=axis))
        for title, pixels in (("bicubic", np.asarray(before)), (name, after))
    ]
    crops_picture(columns, out, crop=CROP, zoom=ZOOM, rows=3, like=path)
