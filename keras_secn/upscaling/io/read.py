"""Reads image files as frames of pixels: every mode, 8 and 16 bits, animations, pages."""

import dataclasses
import pathlib
from typing import NamedTuple

import numpy as np
from PIL import UnidentifiedImageError

from keras_secn.data import images
from keras_secn.upscaling.io import gif_webp_avif_bmp, jpeg, png_read, tiff_read
from keras_secn.upscaling.io.file_parts import Content, Metadata, Parts, stream
from keras_secn.upscaling.io.kinds import kind_of
from keras_secn.upscaling.io.metadata import of_page, with_tags
from keras_secn.upscaling.io.pixels import to_pixels, upright
from keras_secn.utils.errors import UserError

SPLITS = {
    "PNG": png_read.split,
    "JPEG": jpeg.split,
    "GIF": gif_webp_avif_bmp.split_gif,
    "BMP": gif_webp_avif_bmp.split_bmp,
    "AVIF": gif_webp_avif_bmp.split_avif,
    "WEBP": gif_webp_avif_bmp.split_webp,
}
MOVING = ("GIF", "WEBP", "PNG", "AVIF")  # formats whose frames are shown one after the other
# frames of an animation are held until it is written: pixels of all of them together, in multiples
# of what one picture may have
MOST_MOVING = 2


class Frame(NamedTuple):
    """One picture of a file."""

    pixels: np.ndarray  # H x W x C, see `pixels.to_pixels`
    metadata: Metadata
    duration: float = 0  # milliseconds that it is shown for, in an animation


class Source(NamedTuple):
    """The header of a file."""

    path: pathlib.Path
    format: str  # Pillow's name for it, which does not depend on the suffix
    size: tuple  # (height, width) of the first frame, upright
    count: int  # number of frames
    moving: bool  # the frames are an animation, not pages
    runs: int  # how often an animation runs, 0 for ever
    tables: dict | None = None  # a JPEG's quantization tables
    lossy: bool = False  # a WebP that is stored with loss
    still: bool = False  # the first frame is for programs that know no animations


def read_header(path):
    """The `Source` of a file; nothing is decoded.

    A `UserError` if there are more pixels than are safe: in a picture (89 million, or
    `PIL.Image.MAX_IMAGE_PIXELS`), in all frames of an animation together (twice as many) or in all
    pages (100 times as many).
    """
    path = pathlib.Path(path)
    with images.errors_of(path), open(path, "rb") as file:
        content, runs, tables, lossy, still = Content(file), 0, None, False, False
        kind = kind_of(content)
        if kind == "TIFF":
            pages = tiff_read.pages(content)
            metadata, count = of_page(content, pages[0].offset, []), len(pages)
            size = pages[0].height, pages[0].width
        else:
            parts, image = _opened(content, kind)
            with image:
                metadata, size, count = parts.metadata, image.size[::-1], _count(image, parts)
                runs = _runs(kind, image.info.get("loop")) if count > 1 else 0
                tables, lossy = getattr(image, "quantization", None), bool(parts.lossy)
                still = image.info.get("default_image", False)
        if (metadata.orientation or 1) >= 5:
            size = size[::-1]
        moving = count > 1 and kind != "TIFF"
        return Source(path, kind, size, count, moving, runs, tables, lossy, moving and still)


def _runs(kind, loop):
    """How often an animation runs, 0 for ever, by Pillow's `loop`."""
    if kind == "GIF":  # counts what follows the first run
        return 1 if loop is None else loop and loop + 1
    return loop or 0


def read_frames(source, notes=None):
    """Yields the `Frame`s of a `Source`, decoded one at a time, upright.

    `notes` is a list that gets what could not be read beside the pixels.
    """
    notes = [] if notes is None else notes
    read = _pages if source.format == "TIFF" else _frames
    with open(source.path, "rb") as file:
        frames = read(Content(file), source, notes)
        for _ in range(source.count):
            # what the caller does between two frames is not this file's fault
            with images.errors_of(source.path):
                frame = next(frames)
            yield frame


def _pages(content, source, notes):
    for page in tiff_read.pages(content):
        metadata = of_page(content, page.offset, notes)
        frame = _frame(*tiff_read.decode(content, page, metadata.icc), metadata)
        notes += _lost_depth(frame, max(page.bits))
        yield frame


def _frames(content, source, notes):
    parts, image = _opened(content, source.format)
    notes += parts.problems
    canvas = image.size
    for index in range(source.count):
        if source.moving:
            image.seek(index)
            images.check_size(*image.size)
        frame = _decode(content, parts, image, canvas)
        notes += _lost_depth(frame, parts.depth)
        if index == source.count - 1:
            image = None  # its own copy of the pixels is free before the caller's work begins
        yield frame


def _frame(pixels, converted, metadata, duration=0):
    pixels = upright(pixels, metadata.orientation)
    metadata = metadata.in_srgb() if converted else metadata
    return Frame(pixels, dataclasses.replace(metadata, size=pixels.shape[:2]), duration)


def _lost_depth(frame, bits):
    is_lost = bits > 8 and frame.pixels.dtype == np.uint8
    return [f"depth beyond 8 bits (of {bits})"] if is_lost else []


def _opened(content, kind):
    """The `Parts` of a file, and its Pillow image."""
    parts = Parts([range(len(content))])
    try:
        parts = SPLITS[kind](content)
    except UserError:
        raise
    except Exception:  # metadata so damaged that it cannot be told from the picture
        parts.problems.append("metadata that cannot be read")
    try:
        image = images.open_stream(stream(content, parts.pieces), [kind])
    except UserError:
        raise
    except Exception as error:
        if parts.spare:
            parts.problems.append("EXIF" if kind == "AVIF" else "EXIF or XMP")
            image = images.open_stream(stream(content, parts.spare), [kind])
        elif isinstance(error, UnidentifiedImageError):
            raise UserError("damaged, or of a kind that is not read") from None
        else:
            raise
    for size in parts.frames:
        images.check_size(*size)
    metadata = parts.metadata
    if kind in ("AVIF", "WEBP"):
        # Pillow has put into EXIF how an AVIF lies
        metadata.exif, metadata.xmp = image.info.get("exif", b""), image.info.get("xmp")
        metadata.icc = image.info.get("icc_profile")
    with_tags(metadata, parts.problems)
    return parts, image


def _count(image, parts):
    count = getattr(image, "n_frames", 1) if image.format in MOVING else 1
    if count > 1:
        width, height = image.size
        if parts.frames:
            width, height = (max(lengths) for lengths in zip(*parts.frames, strict=True))
        images.check_total(count * width * height, MOST_MOVING, "frames")
    return count


def _decode(content, parts, image, canvas):
    if parts.beyond_pillow:
        import imagecodecs  # slow to load, and few files need it

        pixels = imagecodecs.png_decode(stream(content, parts.pieces).read())
        pixels, converted = pixels[..., None] if pixels.ndim == 2 else pixels, False
    else:
        image.load()
        pixels, converted = to_pixels(image, parts.metadata.icc)
    duration = image.info.get("duration", 0)
    return _frame(pixels[: canvas[1], : canvas[0]], converted, parts.metadata, duration)
