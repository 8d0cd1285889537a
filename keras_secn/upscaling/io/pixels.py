"""Pillow images to arrays of one to four channels, and back."""

import numpy as np
from PIL import Image

from keras_secn.upscaling.depth import rounded, white
from keras_secn.upscaling.io.color import to_srgb
from keras_secn.utils.errors import UserError


def to_pixels(image, profile=None):
    """A decoded Pillow image as H x W x C: gray, gray and alpha, RGB or RGBA; uint8 or uint16.

    One bit becomes gray, a palette its colors; CMYK becomes sRGB, by its profile if it has one.
    Also returns whether colors were converted, so that the profile no longer holds.
    """
    if image.mode.startswith("I;16"):
        return np.asarray(image, dtype=np.uint16)[..., None], False
    converted = image.mode in ("CMYK", "YCbCr")
    if converted:
        seen = to_srgb(image, profile) if profile and image.mode == "CMYK" else None
        image = image.convert("RGB") if seen is None else seen
    if image.mode == "La":
        image = image.convert("LA")  # the only mode that Pillow makes of it
    clear = "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info
    gray = image.mode in ("1", "L", "LA")
    mode = ("LA" if clear else "L") if gray else ("RGBA" if clear else "RGB")
    if gray and clear and image.mode != "LA":
        image = image.convert("RGBA")  # Pillow turns a transparent gray into alpha by this way only
    pixels = np.asarray(image if image.mode == mode else image.convert(mode))
    return (pixels[..., None] if pixels.ndim == 2 else pixels), converted


def to_image(pixels):
    """The Pillow image of an array that `to_pixels` gives."""
    channels = pixels.shape[2]
    if pixels.dtype == np.uint16 and channels != 1:
        raise UserError("Pillow has no 16-bit images of several channels; use arrays or paths")
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels))


def on_white(pixels):
    """Gray and alpha, or RGBA, laid on a white page; pixels without alpha as they are."""
    if pixels.shape[2] in (1, 3):
        return pixels
    paper = white(pixels.dtype)
    alpha = pixels[..., -1:].astype(np.float32) / paper
    return rounded(pixels[..., :-1] * alpha + paper * (1 - alpha), pixels.dtype)


def upright(pixels, orientation):
    """Applies an EXIF orientation (EXIF 2.32, section 4.6.4) to an array."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
