"""Low-resolution pictures for calibration and for checking files."""

import itertools
import pathlib

import numpy as np
from tqdm import tqdm

from keras_secn.data.images import find_images, read_image
from keras_secn.data.imresize import imresize, modcrop
from keras_secn.utils.errors import UserError

SAMPLES = pathlib.Path(__file__).resolve().parents[1] / "samples"
CROP = 128  # LR pixels a side at most: small enough to be quick, larger than a receptive field


def low_resolution(source, scale, limit, progress=False):
    """LR pictures to calibrate with: the middle of each photograph, at most 128 x 128 pixels.

    `source` is a folder or file of photographs, which are reduced by `scale`, or a list of LR
    pictures. At most `limit` are taken, spread evenly over the folder.

    Raises:
        UserError: nothing there, or a picture that is unreadable or of another kind.
    """
    if isinstance(source, str | pathlib.Path):
        paths, pictures = find_images(source), []
        count = min(limit, len(paths))
        chosen = [paths[index * len(paths) // count] for index in range(count)]
        for path in tqdm(chosen, disable=not progress, unit="photo", leave=False):
            photo = middle(read_image(path), (CROP + 8) * scale)
            if min(photo.shape[:2]) < scale:
                raise UserError(f"{path}: smaller than {scale}x{scale} pixels")
            pictures.append(imresize(modcrop(photo, scale), scale=1 / scale))
    else:
        pictures = list(itertools.islice(source, limit))
    if not pictures:
        raise UserError("no representative images")
    for picture in pictures:
        shape = np.shape(picture)
        if len(shape) != 3 or shape[2] != 3 or picture.dtype != np.uint8:
            raise UserError("representative images must be uint8 arrays H x W x 3")
    return [middle(picture, CROP) for picture in pictures]


def middle(picture, size):
    """The middle of a picture, at most `size` pixels high and wide."""
    top, left = (max(0, (length - size) // 2) for length in picture.shape[:2])
    return np.ascontiguousarray(picture[top : top + size, left : left + size])


def fit(picture, size):
    """A picture cut or mirrored to exactly (height, width)."""
    height, width = size
    picture = picture[:height, :width]
    missing = height - picture.shape[0], width - picture.shape[1]
    return np.pad(picture, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")
