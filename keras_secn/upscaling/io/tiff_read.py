"""Reads TIFF pages as pixels of 8 or 16 bits (TIFF 6.0)."""

import math

import numpy as np
from PIL import Image

from keras_secn.upscaling.io import ifd
from keras_secn.upscaling.io.parts import stream
from keras_secn.upscaling.io.pixels import to_pixels
from keras_secn.utils.errors import UserError

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANAR = 256, 257, 258, 259, 262, 277, 284
KIND, BELOW, EXTRA, SAMPLE_FORMAT = 254, 330, 338, 339
# what the pixels are decoded by; the rest describes them
STRUCTURE = {
    *(WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANAR, EXTRA, SAMPLE_FORMAT),
    *(266, 273, 278, 279, 292, 293, 317, 320, 322, 323, 324, 325, 332, 333, 334, 347),
    *range(512, 522),
    *(529, 530, 531, 532),
}
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = 0, 1, 2
SAMPLES_OF = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, 5: 4, 6: 3}
OLD_JPEG = 6
PREMULTIPLIED, STRAIGHT = 1, 2
REDUCED, MASK = 1, 4  # of `KIND`
MOST_PAGES = 10000
SPACES = {3: "palette", 5: "CMYK", 6: "YCbCr", 8: "LAB", 9: "LAB", 10: "LAB", 32803: "a sensor's"}
ADVICE = "save it as RGB with 8 or 16 bits"


class Page:
    """One picture of a TIFF.

    Args:
        offset: of its directory.
        tags: `ifd.Entry` by tag, of `STRUCTURE`.
        layout: `ifd.Layout`.
    """

    def __init__(self, offset, tags, layout):
        self.offset, self.tags, self.layout = offset, tags, layout
        self.width, self.height = self.value(WIDTH, 0), self.value(HEIGHT, 0)
        self.samples = self.value(SAMPLES, 1)
        self.photometric = self.value(PHOTOMETRIC, BLACK_IS_ZERO)
        self.bits = tuple(self.values(BITS)) or (1,)
        self.formats = tuple(self.values(SAMPLE_FORMAT)) or (1,)

    def values(self, tag):
        found = ifd.numbers(self.tags.get(tag), self.layout)
        return tuple(value for value in found if isinstance(value, int))

    def value(self, tag, default):
        return (*self.values(tag), default)[0]

    @property
    def simple(self):
        """Gray or RGB of 8 to 16 bits: read by samples, whatever their depth."""
        return (
            self.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB)
            and 8 <= self.bits[0] <= 16
            and self.value(COMPRESSION, 1) != OLD_JPEG
        )


def pages(content):
    """The `Page`s of a TIFF; smaller copies and masks of a picture are left out.

    Raises:
        UserError: it has none, or too many.
    """
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
    return result


def refusal(page):
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


def decode(content, page):
    """The pixels of a page as H x W x C, not turned.

    Args:
        content: a `parts.Content`.
        page: a `Page`.

    Returns:
        uint8 or uint16; or, of palettes, CMYK, YCbCr and less than 8 bits, a Pillow image.
    """
    if not page.simple:
        image = Image.open(_alone(content, page), formats=["TIFF"])
        image.load()
        return image
    import tifffile  # slow to load, and few files need it

    _check_whole(content, page)
    with tifffile.TiffFile(_alone(content, page)) as file:
        array = file.pages[0].asarray()
    shape = page.height, page.width
    if page.value(PLANAR, 1) == 2 and page.samples > 1:
        array = np.moveaxis(array.reshape(page.samples, *shape), 0, -1)
    return to_white(array.reshape(*shape, page.samples), page)


def to_white(array, page):
    """Samples as they are stored as pixels whose white is 255 or 65535, with straight alpha."""
    bits = page.bits[0]
    white = 255 if bits == 8 else 65535
    if bits not in (8, 16):
        own = 2**bits - 1
        array = (array.astype(np.uint32) * white + own // 2) // own
    array = array.astype(np.uint8 if bits == 8 else np.uint16)
    colors = 3 if page.photometric == RGB else 1
    shown, alpha = array[..., :colors], array[..., colors:]
    if page.photometric == WHITE_IS_ZERO:
        shown = white - shown
    extra = page.value(EXTRA, STRAIGHT)
    if not alpha.shape[2] or extra not in (PREMULTIPLIED, STRAIGHT):
        return np.ascontiguousarray(shown)
    if extra == PREMULTIPLIED:
        divisor = np.maximum(alpha, 1).astype(np.uint64)
        shown = (shown.astype(np.uint64) * white + divisor // 2) // divisor
        shown = np.minimum(shown, white).astype(array.dtype)
    return np.concatenate([shown, alpha], axis=2)


def _alone(content, page):
    """A TIFF of this page alone, without what its tags say beside the pixels: a file object."""
    tags = {tag: entry for tag, entry in page.tags.items() if tag in STRUCTURE}
    start = len(content) + len(content) % 2
    width = 8 if page.layout.big else 4
    order = "little" if page.layout.order == "<" else "big"
    head = bytes(content[: 8 if page.layout.big else 4]) + start.to_bytes(width, order)
    tail = bytes(start - len(content)) + ifd.pack(tags, page.layout, start)
    return stream(content, [head, (len(head), len(content)), tail])


def _check_whole(content, page):
    """Raises an `OSError` if pixels are missing, which the decoder would take for black."""
    tiled = 322 in page.tags
    offsets, counts = (page.values(tag) for tag in ((324, 325) if tiled else (273, 279)))
    if tiled:
        width, height = page.value(322, 0), page.value(323, 0)
        if width < 1 or height < 1:
            raise OSError("tiles without a size")
        expected = math.ceil(page.width / width) * math.ceil(page.height / height)
    else:
        rows = min(page.value(278, page.height), page.height)
        expected = math.ceil(page.height / max(1, rows))
    expected *= page.samples if page.value(PLANAR, 1) == 2 else 1
    if not counts and len(offsets) == expected == 1 and page.value(COMPRESSION, 1) == 1:
        # some writers leave it out where it follows from the size
        bits = page.width * page.samples * page.bits[0]
        counts = (page.height * ((bits + 7) // 8),)
        page.tags[279] = ifd.integers(ifd.LONG, counts, page.layout)
    if len(offsets) < expected or len(counts) < expected:
        raise OSError("image file is truncated: pixels are missing")
    if any(o < 8 or c < 1 or o + c > len(content) for o, c in zip(offsets, counts, strict=False)):
        raise OSError("image file is truncated: pixels are missing")


def pixels_of(image, icc):
    """Pixels of the Pillow image that `decode` may give, and whether they were converted."""
    if icc:
        image.info["icc_profile"] = icc
    return to_pixels(image)
