"""Photographs on disk: which files there are, and their pixels as uint8 RGB."""

import pathlib
import warnings

import numpy as np
from PIL import Image, ImageOps

from .errors import UserError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}


def find_images(folder):
    """All images below `folder` by suffix, sorted, hidden files left out; or the one file given.

    Raises:
        UserError: there is no such folder, or it holds no image.
    """
    folder = pathlib.Path(folder)
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise UserError(f"no such folder: {folder}")
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )
    if not paths:
        raise UserError(f"no images in {folder} ({', '.join(sorted(SUFFIXES))})")
    return paths


def read_image(path):
    """Reads an image as uint8 HxWx3 RGB, upright.

    EXIF orientation is applied; gray becomes three equal channels; alpha is laid on white, as a
    page or a browser would show it; palette and CMYK are converted; 16 bits are scaled to 8.

    Raises:
        UserError: the file is missing, damaged, truncated, too large to be safe, or no image.
    """
    return to_rgb(open_image(path))


def open_image(path):
    """Opens an image with Pillow, decoded and upright.

    Raises:
        UserError: as `read_image`.
    """
    try:
        with warnings.catch_warnings():
            # a decompression bomb is an error here, not a warning
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                image.load()
                return ImageOps.exif_transpose(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UserError(f"{path}: too many pixels to be safe ({Image.MAX_IMAGE_PIXELS})") from None
    except Exception as error:
        # decoders raise whatever their format's parser met: SyntaxError, struct.error, ...
        reason = "not an image" if "cannot identify" in str(error) else error
        raise UserError(f"{path}: {reason}") from None


def to_rgb(image):
    """A Pillow image of any mode as uint8 HxWx3 RGB."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        gray = np.asarray(image, dtype=np.float64)
        # 65535 / 255 = 257: the scale that takes white to white
        gray = np.clip(np.floor(gray / 257 + 0.5), 0, 255).astype(np.uint8)
        return np.repeat(gray[..., None], 3, axis=2)
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        page = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(page, image)
    return np.asarray(image.convert("RGB"))
