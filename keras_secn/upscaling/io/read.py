"""Reads image files as frames of pixels: every mode, 8 and 16 bits, animations, pages."""

import pathlib
from typing import NamedTuple

import numpy as np
from PIL import UnidentifiedImageError

from keras_secn.data import images
from keras_secn.upscaling.io import avif, bmp, gif, jpeg, png_parts, tiff_read, webp
from keras_secn.upscaling.io import metadata as about
from keras_secn.upscaling.io.kinds import kind_of
from keras_secn.upscaling.io.metadata import Metadata
from keras_secn.upscaling.io.parts import Content, Parts, stream
from keras_secn.upscaling.io.pixels import to_pixels, upright
from keras_secn.utils.errors import UserError

SUFFIXES = images.SUFFIXES | {".gif", ".avif"}
SPLITS = {
    "PNG": png_parts.split,
    "JPEG": jpeg.split,
    "WEBP": webp.split,
    "GIF": gif.split,
    "BMP": bmp.split,
    "AVIF": avif.split,
}
MOVING = ("GIF", "WEBP", "PNG", "AVIF")  # formats whose frames are shown one after the other
# frames of an animation are held until it is written, pages are not: pixels of all of them
# together, in multiples of what one picture may have
MOST_MOVING, MOST_PAGES = 2, 100


class Frame(NamedTuple):
    """One picture of a file.

    Args:
        pixels: H x W x C, see `pixels.to_pixels`.
        metadata: a `Metadata`.
        duration: milliseconds that it is shown for, in an animation.
    """

    pixels: np.ndarray
    metadata: Metadata
    duration: float = 0


class Source(NamedTuple):
    """The header of a file.

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
        UserError: no image that is read, or more pixels than are safe: in a picture (89 million, or
            `PIL.Image.MAX_IMAGE_PIXELS`), in all frames of an animation together (twice as many) or
            in all pages (100 times as many).
    """
    path = pathlib.Path(path)
    with images.errors_of(path), open(path, "rb") as file:
        content = Content(file)
        kind = kind_of(content)
        if kind == "TIFF":
            pages = _checked_pages(content)
            first = pages[0]
            orientation = about.of_page(content, first.offset, [])[1]
            size = _turned_size((first.height, first.width), orientation)
            return Source(path, kind, size, len(pages), False, None)
        parts = _split(content, kind)
        orientation = about.of_parts(parts)[1]
        with _opened(content, parts) as image:
            count, orientation = _count(image, parts), _orientation(image, orientation)
            size = _turned_size(image.size[::-1], orientation)
            loop = image.info.get("loop") if count > 1 else None
            return Source(path, kind, size, count, count > 1, loop)


def read_frames(source, notes=None):
    """Yields the `Frame`s of a file, decoded one at a time, upright.

    Args:
        source: a `Source`.
        notes: list that gets what could not be read beside the pixels.

    Raises:
        UserError: as `read_header`; or pixels are missing.
    """
    notes = [] if notes is None else notes
    with open(source.path, "rb") as file:
        frames = _frames(Content(file), source, notes)
        for _ in range(source.count):
            # what the caller does between two frames is not this file's fault
            with images.errors_of(source.path):
                frame = next(frames)
            yield frame


def _frames(content, source, notes):
    if source.format == "TIFF":
        yield from _page_frames(content, notes)
        return
    parts = _split(content, source.format)
    metadata, orientation = about.of_parts(parts)
    image = _opened(content, parts)
    orientation = _orientation(image, orientation)
    notes += parts.problems
    metadata = metadata._replace(turned=orientation not in (None, 1))
    canvas = image.size
    for index in range(source.count):
        if source.moving:
            image.seek(index)
            images.check_size(*image.size)
        pixels, converted = _decode(content, parts, image, metadata.icc)
        pixels = upright(pixels[: canvas[1], : canvas[0]], orientation)
        own = metadata._replace(size=pixels.shape[:2])
        own = own.in_srgb() if converted else own
        duration = image.info.get("duration", 0) if source.moving else 0
        if index == source.count - 1:
            image = None  # its own copy of the pixels is free before the caller's work begins
        yield Frame(pixels, own, duration)


def _page_frames(content, notes):
    for page in _checked_pages(content):
        problems = []
        metadata, orientation = about.of_page(content, page.offset, problems)
        notes += problems
        found, converted = tiff_read.decode(content, page), False
        if not isinstance(found, np.ndarray):
            found, converted = tiff_read.pixels_of(found, metadata.icc)
        if converted:
            metadata = metadata.in_srgb()
        pixels = upright(found, orientation)
        turned = orientation not in (None, 1)
        yield Frame(pixels, metadata._replace(size=pixels.shape[:2], turned=turned))


def _checked_pages(content):
    pages = tiff_read.pages(content)
    for page in pages:
        refusal = tiff_read.refusal(page)
        if refusal:
            raise UserError(refusal)
        images.check_size(page.width, page.height)
        images.check_size(page.value(322, 1), page.value(323, 1))  # a tile is decoded whole
    total = sum(page.width * page.height for page in pages)
    images.check_total(total, MOST_PAGES, "pages")
    return pages


def _split(content, kind):
    try:
        return SPLITS[kind](content)
    except UserError:
        raise
    except Exception:  # metadata so damaged that it cannot be told from the picture
        return Parts(kind, [(0, len(content))], problems=["metadata that cannot be read"])


def _opened(content, parts):
    pieces = list(parts.pieces)
    key = parts.png.get("key")
    if key and _keyed(parts):
        pieces[key[1]] = b""  # the key is looked for in the numbers as they are stored
    try:
        image = images.open_stream(stream(content, pieces), [parts.kind])
    except UnidentifiedImageError:
        raise UserError("damaged, or of a kind that is not read") from None
    for size in parts.frames:
        images.check_size(*size)
    return image


def _count(image, parts):
    if parts.kind not in MOVING:
        return 1
    count = getattr(image, "n_frames", 1)
    width, height = image.size
    if parts.frames:
        width, height = (max(lengths) for lengths in zip(*parts.frames, strict=True))
    if count > 1:
        images.check_total(count * width * height, MOST_MOVING, "frames")
    return count


def _orientation(image, found):
    """An AVIF says itself how it lies, which Pillow hands on as EXIF."""
    return image.getexif().get(0x0112) if image.format == "AVIF" else found


def _turned_size(size, orientation):
    return size[::-1] if (orientation or 1) >= 5 else size


def _keyed(parts):
    """A PNG, gray or RGB, one color of which is transparent."""
    header = parts.png.get("header", b"")
    return len(header) == 13 and header[9] in (0, 2) and not parts.png.get("moving")


def _decode(content, parts, image, icc):
    header = parts.png.get("header", b"")
    deep = len(header) == 13 and header[8] == 16 and not parts.png.get("moving")
    if deep:
        import imagecodecs  # slow to load, and few files need it

        key = parts.png.get("key")
        pieces = [p for i, p in enumerate(parts.pieces) if not (key and i == key[1])]
        pixels = imagecodecs.png_decode(stream(content, pieces).read())
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        converted = False
    else:
        image.load()
        if icc and image.mode == "CMYK":
            image.info["icc_profile"] = icc
        pixels, converted = to_pixels(image)
    if "key" in parts.png and _keyed(parts):
        pixels = _with_key(pixels, parts.png["key"][0], header[8])
    return pixels, converted


def _with_key(pixels, stored, bits):
    """Adds an alpha channel that is 0 where the pixels are the key (PNG, section 11.3.1.1)."""
    values = [
        int.from_bytes(stored[place : place + 2], "big") for place in range(0, len(stored), 2)
    ]
    if len(values) != pixels.shape[2]:
        return pixels
    own = 2**bits - 1
    white = np.iinfo(pixels.dtype).max
    key = np.array([(value & own) * (white // own) for value in values], pixels.dtype)
    alpha = np.where((pixels == key).all(axis=2, keepdims=True), 0, white)
    return np.concatenate([pixels, alpha.astype(pixels.dtype)], axis=2)
