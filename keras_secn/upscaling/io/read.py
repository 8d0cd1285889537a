"""Image files as frames of pixels: every mode, 16 bits, animations and pages."""

import pathlib
from typing import NamedTuple

import numpy as np
from PIL import ImageOps

from keras_secn.data import images
from keras_secn.upscaling.io.metadata import Metadata, read_metadata, to_pixels
from keras_secn.utils.errors import UserError

SUFFIXES = images.SUFFIXES | {".gif", ".avif"}
MOVING = ("GIF", "WEBP", "PNG", "AVIF")  # formats whose frames are shown one after the other
ORIENTATION = 0x0112


class Frame(NamedTuple):
    """One picture of a file.

    Args:
        pixels: H x W x C, see `picture.to_pixels`.
        metadata: a `Metadata`.
        duration: milliseconds that it is shown for, in an animation.
    """

    pixels: np.ndarray
    metadata: Metadata
    duration: float = 0


class Source(NamedTuple):
    """What a file's header says.

    Args:
        path: of the file.
        format: Pillow's name for it, which does not depend on the suffix.
        size: (height, width) of the first frame, upright.
        count: number of frames.
        moving: the frames are an animation, not pages.
        loop: how often an animation runs, 0 for ever; `None` if the file does not say.
    """

    path: pathlib.Path
    format: str
    size: tuple
    count: int
    moving: bool
    loop: int | None


def read_header(path):
    """The `Source` of a file; nothing is decoded.

    Raises:
        UserError: as `keras_secn.data.images.read_image`.
    """
    path = pathlib.Path(path)
    with images.opened(path) as image:
        width, height = image.size
        # Pillow gives the size of a TIFF upright already
        if image.format != "TIFF" and image.getexif().get(ORIENTATION, 1) >= 5:
            width, height = height, width
        # a camera's MPO holds previews beside the photograph
        many = image.format in MOVING or image.format == "TIFF"
        count = getattr(image, "n_frames", 1) if many else 1
        moving = count > 1 and image.format != "TIFF"
        loop = image.info.get("loop") if moving else None
        return Source(path, image.format, (height, width), count, moving, loop)


def read_frames(source):
    """Yields the `Frame`s of a file, decoded one at a time, upright.

    Raises:
        UserError: as `keras_secn.data.images.read_image`.
    """
    for index in range(source.count):
        yield _read_frame(source, index)


def _read_frame(source, index):
    with images.opened(source.path) as image:
        image.seek(index)
        refusal = images._refusal(image)
        if refusal:
            raise UserError(refusal)
        # before Pillow takes it out
        orientation = image.getexif().get(ORIENTATION, 1)
        image.load()
        duration = image.info.get("duration", 0)
        texts = getattr(image, "text", {})
        upright = ImageOps.exif_transpose(image)
        upright.text = texts
        metadata = read_metadata(upright)
        deep = _read_deep(source, image, index)
        if deep is not None:
            return Frame(_upright(deep, orientation), metadata, duration)
        pixels, converted = to_pixels(upright)
        if converted:
            metadata = metadata._replace(icc=None, colour={})
        return Frame(pixels, metadata, duration)


def _read_deep(source, image, index):
    """16-bit pixels of several channels, which Pillow reduces to 8; `None` for other files."""
    if source.format == "PNG" and not source.moving:
        content = source.path.read_bytes()
        depth, colour = content[24], content[25]  # IHDR follows the signature (PNG, section 11.2.1)
        if depth == 16 and colour != 0:
            import imagecodecs  # these two are slow to load, and few files need them

            return imagecodecs.png_decode(content)
    if source.format == "TIFF":
        bits = image.tag_v2.get(images.BITS_PER_SAMPLE, (1,))
        if max(bits) > 8 and len(bits) > 1:
            import tifffile

            with tifffile.TiffFile(source.path) as file:
                page = file.pages[index]
                if page.dtype != np.uint16 or page.photometric != tifffile.PHOTOMETRIC.RGB:
                    raise UserError("TIFF of this kind is not supported; save it as 16-bit RGB")
                return page.asarray()[..., :4]
    return None


def _upright(pixels, orientation):
    """Applies an EXIF orientation (EXIF 2.32, section 4.6.4) to an array."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
