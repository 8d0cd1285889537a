"""Writes TIFF files strip by strip, with EXIF's directories (TIFF 6.0; BigTIFF).

Libraries that write TIFF take ASCII texts only and no EXIF; the directories come from `ifd`.
"""

import math
import struct
import zlib

import numpy as np

from keras_secn.upscaling.io import exif, ifd
from keras_secn.upscaling.io.ifd import LONG, SHORT, UNDEFINED, Entry, Layout

ROWS = 64  # in a strip
BIG = 2**32 - 2**26  # bytes of pixels from which on 32-bit offsets would not do
DEFLATE, DIFFERENCES, CHUNKY, STRAIGHT_ALPHA = 8, 2, 1, 2
XMP, IPTC, ICC = 700, 33723, 34675


def write_tiff(path, pages, count):
    """Writes pages, (bands, shape, dtype, metadata), each complete before the next one begins.

    `count`: about how many of the first one's size; what may be too large is a BigTIFF.
    """
    layout = None
    with open(path, "wb") as file:
        for bands, shape, dtype, metadata in pages:
            if layout is None:
                nbytes = count * math.prod(shape) * np.dtype(dtype).itemsize
                # that of EXIF's values, which are kept as they are
                layout = Layout(metadata.tags.layout.order, nbytes > BIG)
                file.write(ifd.beginning(layout))
                pointer = file.tell()  # where the next directory's offset goes
                file.write(bytes(8 if layout.big else 4))
            offsets, counts = [], []
            for strip in _strips(bands, layout.order):
                offsets.append(file.tell())
                counts.append(len(strip))
                file.write(strip)
            structure = _structure(shape, np.dtype(dtype).itemsize, offsets, counts, layout)
            tags = _described(metadata, layout) | structure
            file.write(bytes(file.tell() % 2))
            place = file.tell()
            packed = ifd.pack(tags, layout, place)
            file.write(packed)
            file.seek(pointer)
            file.write(struct.pack(layout.order + layout.pointer, place))
            lines = layout.number(layout.counter, packed, 0)
            pointer = place + (8 + 20 * lines if layout.big else 2 + 12 * lines)
            file.seek(0, 2)


def _structure(shape, size, offsets, counts, layout):
    height, width, channels = shape
    wide = 16 if layout.big else LONG
    values = {
        256: (LONG, (width,)),
        257: (LONG, (height,)),
        258: (SHORT, (8 * size,) * channels),
        259: (SHORT, (DEFLATE,)),
        262: (SHORT, (2 if channels > 2 else 1,)),
        273: (wide, offsets),
        277: (SHORT, (channels,)),
        278: (LONG, (ROWS,)),
        279: (wide, counts),
        284: (SHORT, (CHUNKY,)),
        317: (SHORT, (DIFFERENCES,)),
    }
    if channels in (2, 4):
        values[338] = (SHORT, (STRAIGHT_ALPHA,))
    return {tag: ifd.integers(*value, layout) for tag, value in values.items()}


def _described(metadata, layout):
    """The tags of a page's metadata."""
    tags = metadata.tags.first | metadata.tags.below
    if metadata.dpi:
        tags |= exif.resolution_tags(metadata.dpi, layout)
    for tag, kind, data in (
        (XMP, 1, metadata.xmp),
        (IPTC, UNDEFINED, metadata.iptc),
        (ICC, UNDEFINED, metadata.icc),
    ):
        if data:
            tags[tag] = Entry(kind, data)
    return tags


def _strips(bands, order):
    """Bands of any height as compressed strips of `ROWS` rows (TIFF 6.0, section 14: predictor)."""
    rest = None
    for band in bands:
        rest = band if rest is None else np.concatenate([rest, band])
        while len(rest) >= ROWS:
            yield _strip(rest[:ROWS], order)
            rest = rest[ROWS:]
    if len(rest):
        yield _strip(rest, order)


def _strip(rows, order):
    rows = rows.astype(rows.dtype.newbyteorder(order), copy=True)
    rows[:, 1:] -= rows[:, :-1].copy()
    return zlib.compress(rows.tobytes(), 6)
