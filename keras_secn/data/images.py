"""Photographs on disk: which files there are, and their pixels as uint8 RGB."""

import contextlib
import pathlib
import threading
import warnings

import numpy as np
from PIL import Image, ImageOps

from keras_secn.utils.errors import UserError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}
BITS_PER_SAMPLE, PLANAR_CONFIGURATION, SEPARATE = 258, 284, 2  # TIFF 6.0, section 8

_opening = threading.Lock()


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
        UserError: the file is missing, damaged, truncated, too large to be safe, no image, or of
            a kind that has no agreed 8-bit form.
    """
    return to_rgb(open_image(path))


def open_image(path):
    """Opens an image with Pillow, decoded and upright, in a mode that `to_rgb` takes.

    Raises:
        UserError: as `read_image`.
    """
    with opened(path) as image:
        image.load()
        return ImageOps.exif_transpose(image)


@contextlib.contextmanager
def opened(path):
    """Opens an image with Pillow, not decoded yet; the body decodes what it needs.

    Raises:
        UserError: as `read_image`; also for whatever the body raises.
    """
    try:
        # warning filters belong to the process, so threads must set them one at a time; opening
        # reads the header only
        with _opening, warnings.catch_warnings():
            # a decompression bomb is an error here, not a warning
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(path)
        with image:
            refusal = _refusal(image)
            if refusal:
                raise UserError(refusal)
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UserError(f"{path}: too many pixels to be safe ({Image.MAX_IMAGE_PIXELS})") from None
    except Exception as error:
        # decoders raise whatever their format's parser met: SyntaxError, struct.error, ...
        reason = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, OSError) and error.strerror:
            reason = error.strerror
        elif "cannot identify" in reason:
            reason = "not an image"
        raise UserError(f"{path}: {reason}") from None


def _refusal(image):
    """Why the pixels could not be trusted, or None."""
    if image.mode in ("I", "F"):
        return "32-bit samples have no agreed white; save it with 8 or 16 bits"
    if image.mode in ("LAB", "HSV"):
        return f"colour space {image.mode} is not supported; save it as RGB"
    tags = getattr(image, "tag_v2", {})
    # Pillow 13 reads the bytes of such files in the wrong order
    if tags.get(PLANAR_CONFIGURATION) == SEPARATE and max(tags.get(BITS_PER_SAMPLE, [8])) > 8:
        return "16-bit TIFF with separate planes is not supported; save it with interleaved pixels"
    return None


def to_rgb(image):
    """A Pillow image as uint8 HxWx3 RGB; see `read_image`."""
    if image.mode.startswith("I;16"):
        gray = np.asarray(image, dtype=np.uint32)
        # 65535 / 255 = 257: the scale that takes white to white
        gray = ((gray + 128) // 257).astype(np.uint8)
        return np.repeat(gray[..., None], 3, axis=2)
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        page = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(page, image)
    return np.asarray(image.convert("RGB"))
