"""Reads TIFF pages as pixels of 8 or 16 bits (TIFF 6.0)."""

import math
import struct

import numpy as np
from PIL import Image

from keras_secn.data import images
from keras_secn.upscaling.io import ifd
from keras_secn.upscaling.io.file_parts import stream
from keras_secn.upscaling.io.pixels import to_pixels
from keras_secn.utils.errors import UserError

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANAR = 256, 257, 258, 259, 262, 277, 284
KIND, BELOW, EXTRA, SAMPLE_FORMAT = 254, 330, 338, 339
STRIP_OFFSETS, STRIP_ROWS, STRIP_COUNTS = 273, 278, 279
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS = 322, 323, 324, 325
# what the pixels are decoded by; the rest describes them
STRUCTURE = {
    *(WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANAR, EXTRA, SAMPLE_FORMAT),
    *(STRIP_OFFSETS, STRIP_ROWS, STRIP_COUNTS),
    *(TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS),
    *(266, 292, 293, 317, 320, 332, 333, 334, 347, *range(512, 522), 529, 530, 531, 532),
}
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = 0, 1, 2
SAMPLES_OF = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, 5: 4, 6: 3}
OLD_JPEG = 6
PREMULTIPLIED, STRAIGHT = 1, 2
REDUCED, MASK = 1, 4  # of `KIND`
MOST_PAGES, MOST_PICTURES = 10000, 100  # the pixels of all pages are those of so many pictures
SPACES = {3: "palette", 5: "CMYK", 6: "YCbCr", 8: "LAB", 9: "LAB", 10: "LAB", 32803: "a sensor's"}
ADVICE = "save it as RGB with 8 or 16 bits"


class Page:
    """One picture of a TIFF: its directory's offset, and the tags that are its structure."""

    def __init__(self, offset, tags, layout):
        self.offset, self.tags, self.layout = offset, tags, layout
        self.width, self.height = self.value(WIDTH, 0), self.value(HEIGHT, 0)
        self.samples = self.value(SAMPLES, 1)
        self.photometric = self.value(PHOTOMETRIC, BLACK_IS_ZERO)
        self.bits = self.values(BITS) or (1,)
        self.formats = self.values(SAMPLE_FORMAT) or (1,)
        self.planes = self.samples if self.value(PLANAR, 1) == 2 else 1

    def values(self, tag):
        found = ifd.numbers(self.tags.get(tag), self.layout)
        return tuple(value for value in found if isinstance(value, int))

    def value(self, tag, default):
        return (*self.values(tag), default)[0]


def pages(content):
    """The `Page`s of a TIFF; smaller copies and masks of a picture are left out."""
    layout, offset = ifd.read_layout(content)
    result, seen = [], set()
    while offset and offset not in seen:
        seen.add(offset)
        tags, following, _ = ifd.read_directory(content, offset, layout, STRUCTURE | {KIND, BELOW})
        page = Page(offset, tags, layout)
        if tags and not (result and page.value(KIND, 0) & (REDUCED | MASK)):
            result.append(page)
        if len(result) > MOST_PAGES:
            raise UserError(f"more than {MOST_PAGES} pages")
        offset = following
    if not result:
        raise UserError("a TIFF without a picture")
    for page in result:
        if refusal := _refusal(page):
            raise UserError(refusal)
        images.check_size(page.width, page.height)
        # a tile is decoded whole
        images.check_size(page.value(TILE_WIDTH, 1), page.value(TILE_HEIGHT, 1))
    images.check_total(sum(page.width * page.height for page in result), MOST_PICTURES, "pages")
    return result


def _refusal(page):
    """Why a page is not read, or `None`."""
    if BELOW in page.tags and page.value(KIND, 0) & REDUCED:
        return "a camera's raw file is not read; develop it, and save it as PNG or JPEG"
    if page.width < 1 or page.height < 1:
        return "a TIFF page without a size"
    if page.value(PLANAR, 1) not in (1, 2):
        return "a TIFF page whose samples lie in no known order"
    if 3 in page.formats:
        return f"{page.bits[0]}-bit float samples have no agreed white; {ADVICE}"
    if set(page.formats) & {2, 5, 6}:
        return f"signed or complex samples have no agreed white; {ADVICE}"
    if max(page.bits) > 16:
        return f"{max(page.bits)}-bit samples have no agreed white; save it with 8 or 16 bits"
    if page.photometric in (8, 9, 10) or page.photometric > 6:
        name = SPACES.get(page.photometric, f"number {page.photometric}")
        return f"color space {name} is not supported; {ADVICE}"
    if len(set(page.bits)) > 1:
        return f"samples of different depths are not supported; {ADVICE}"
    colors = SAMPLES_OF.get(page.photometric)
    # alpha beside CMYK and YCbCr is not read
    if colors and not colors <= page.samples <= colors + (page.photometric <= RGB):
        return f"{page.samples} samples a pixel are not supported; {ADVICE}"
    if page.photometric == 3 and (max(page.bits) > 8 or page.samples > 1):
        return f"palettes of this kind are not supported; {ADVICE}"
    return None


def decode(content, page, profile):
    """The pixels of a page, not turned, and whether they were converted to sRGB: see `to_pixels`.

    Gray and RGB of 8 to 16 bits are read by samples, whatever their depth, the rest by Pillow.
    """
    simple = page.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB) and 8 <= page.bits[0] <= 16
    if not simple or page.value(COMPRESSION, 1) == OLD_JPEG:
        image = Image.open(_alone(content, page), formats=["TIFF"])
        image.load()
        return to_pixels(image, profile)
    import tifffile  # slow to load, and few files need it

    _check_whole(content, page)
    with tifffile.TiffFile(_alone(content, page)) as file:
        array = file.pages[0].asarray()
    if page.planes > 1:
        array = np.moveaxis(array.reshape(page.samples, page.height, page.width), 0, -1)
    return _to_white(array.reshape(page.height, page.width, page.samples), page), False


def _to_white(array, page):
    """Samples as they are stored as pixels whose white is 255 or 65535, with straight alpha."""
    own = 2 ** page.bits[0] - 1
    dtype, white = (np.uint8, 255) if own == 255 else (np.uint16, 65535)
    if own != white:
        array = (array.astype(np.uint32) * white + own // 2) // own
    array = array.astype(dtype)
    colors = SAMPLES_OF[page.photometric]
    shown, alpha = array[..., :colors], array[..., colors:]
    if page.photometric == WHITE_IS_ZERO:
        shown = white - shown
    extra = page.value(EXTRA, STRAIGHT)
    if not alpha.shape[2] or extra not in (PREMULTIPLIED, STRAIGHT):
        return np.ascontiguousarray(shown)
    if extra == PREMULTIPLIED:
        divisor = np.maximum(alpha, 1).astype(np.uint64)
        shown = (shown.astype(np.uint64) * white + divisor // 2) // divisor
        shown = np.minimum(shown, white).astype(dtype)
    return np.concatenate([shown, alpha], axis=2)


def _alone(content, page):
    """A TIFF of this page alone, without what its tags say beside the pixels: a file object."""
    tags = {tag: entry for tag, entry in page.tags.items() if tag in STRUCTURE}
    start = len(content) + len(content) % 2
    offset = struct.pack(page.layout.order + page.layout.pointer, start)
    head = bytes(content[: 8 if page.layout.big else 4]) + offset
    tail = bytes(start - len(content)) + ifd.pack(tags, page.layout, start)
    return stream(content, [head, range(len(head), len(content)), tail])


def _check_whole(content, page):
    """Raises an `OSError` if pixels are missing, which the decoder would take for black."""
    if TILE_WIDTH in page.tags:
        offsets, counts = page.values(TILE_OFFSETS), page.values(TILE_COUNTS)
        width, height = page.value(TILE_WIDTH, 0), page.value(TILE_HEIGHT, 0)
    else:
        offsets, counts = page.values(STRIP_OFFSETS), page.values(STRIP_COUNTS)
        width, height = page.width, max(1, min(page.value(STRIP_ROWS, page.height), page.height))
    if width < 1 or height < 1:
        raise OSError("tiles without a size")
    parts = math.ceil(page.width / width) * math.ceil(page.height / height) * page.planes
    if not counts and len(offsets) == parts == 1 and page.value(COMPRESSION, 1) == 1:
        # some writers leave it out where it follows from the size
        counts = (page.height * math.ceil(page.width * page.samples * page.bits[0] / 8),)
        page.tags[STRIP_COUNTS] = ifd.integers(ifd.LONG, counts, page.layout)
    places = list(zip(offsets, counts, strict=False))
    if len(places) < parts or any(o < 8 or c < 1 or o + c > len(content) for o, c in places):
        raise OSError("image file is truncated: pixels are missing")
