"""Finds image files and reads them as uint8 RGB."""

import contextlib
import pathlib
import threading
import warnings

import numpy as np
from PIL import Image

from keras_secn.utils.errors import UserError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}
BITS_PER_SAMPLE, PLANAR_CONFIGURATION, SEPARATE = 258, 284, 2  # TIFF 6.0, section 8

# what Pillow may open, by content: of its other formats some start programs (EPS)
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")
ORIENTATION = 0x0112
# EXIF 2.32, section 4.6.4
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

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

    EXIF orientation is applied; gray becomes three equal channels; alpha is composed on white;
    palette and CMYK are converted; 16 bits are scaled to 8.

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
        # Pillow turns TIFF files by itself
        turn = None if image.format == "TIFF" else TURNS.get(_orientation(image))
        image.load()
        return image.copy() if turn is None else image.transpose(turn)


def _orientation(image):
    """EXIF's orientation; 1 where it is missing or of a wrong type. XMP's does not count."""
    for name in ("xmp", "XML:com.adobe.xmp"):
        image.info.pop(name, None)
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # whatever the parser of EXIF met
        return 1


@contextlib.contextmanager
def opened(path):
    """Opens an image with Pillow, not decoded yet; the body decodes what it needs.

    Raises:
        UserError: as `read_image`; also for whatever the body raises.
    """
    with errors_of(path), open(path, "rb") as file, open_stream(file) as image:
        refusal = why_refused(image)
        if refusal:
            raise UserError(refusal)
        yield image


@contextlib.contextmanager
def errors_of(path):
    """Whatever the body raises is a `UserError` of one line that begins with the path."""
    try:
        path = pathlib.Path(path)
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise UserError("not a regular file")
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UserError(f"{path}: {_too_many()}") from None
    except MemoryError:
        raise UserError(f"{path}: there is not enough memory for it") from None
    except Exception as error:
        # decoders raise whatever their format's parser met: SyntaxError, struct.error, ...
        reason = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, OSError) and error.strerror:
            reason = error.strerror
        elif "cannot identify" in reason:
            reason = "not an image"
        raise UserError(reason if reason.startswith(f"{path}: ") else f"{path}: {reason}") from None


def open_stream(stream, formats=FORMATS):
    """Opens an image from a binary file object with Pillow: of these formats, and not too large.

    Raises:
        UserError: too many pixels; Pillow's errors.
    """
    # warning filters are global, hence the lock; opening reads the header only
    with _opening, warnings.catch_warnings():
        # decompression bombs are errors, warnings of metadata are ignored
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        image = Image.open(stream, formats=formats)
    check_size(*image.size)
    return image


def check_size(width, height):
    """Raises a `UserError` if a picture has more pixels than `PIL.Image.MAX_IMAGE_PIXELS`."""
    if Image.MAX_IMAGE_PIXELS is not None and width * height > Image.MAX_IMAGE_PIXELS:
        raise UserError(_too_many())


def check_total(pixels, times, what):
    """Raises a `UserError` if frames have more pixels together than so many pictures may have."""
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and pixels > times * limit:
        raise UserError(f"too many pixels in all {what} to be safe ({times * limit})")


def _too_many():
    return f"too many pixels to be safe ({Image.MAX_IMAGE_PIXELS})"


def why_refused(image):
    """Why Pillow would decode the pixels wrongly, or None."""
    if image.mode in ("I", "F"):
        return "32-bit samples have no agreed white; save it with 8 or 16 bits"
    if image.mode in ("LAB", "HSV"):
        return f"color space {image.mode} is not supported; save it as RGB"
    tags = getattr(image, "tag_v2", {})
    if image.mode.startswith("I;16") and max(tags.get(BITS_PER_SAMPLE, [16])) < 16:
        return "gray of 9 to 15 bits is not supported; save it with 8 or 16 bits"
    # Pillow 13 reads the bytes of such files in the wrong order
    if tags.get(PLANAR_CONFIGURATION) == SEPARATE and max(tags.get(BITS_PER_SAMPLE, [8])) > 8:
        return "16-bit TIFF with separate planes is not supported; save it with interleaved pixels"
    return None


def to_rgb(image):
    """A Pillow image as uint8 HxWx3 RGB; see `read_image`."""
    if image.mode.startswith("I;16"):
        gray = np.asarray(image, dtype=np.uint32)
        # 65535 / 255 = 257
        gray = ((gray + 128) // 257).astype(np.uint8)
        return np.repeat(gray[..., None], 3, axis=2)
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        page = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(page, image)
    return np.asarray(image.convert("RGB"))
