"""Writes TIFF files strip by strip, with EXIF's directories (TIFF 6.0; BigTIFF).

Libraries that write TIFF take ASCII texts only and no EXIF; the directories come from `ifd`.
"""

import contextlib
import struct
import zlib

import numpy as np

from keras_secn.upscaling.io import exif, ifd
from keras_secn.upscaling.io.ifd import LONG, SHORT, UNDEFINED, Entry, Layout

ROWS = 64  # in a strip
BIG = 2**32 - 2**26  # bytes of pixels from which on 32-bit offsets would not do
DEFLATE, DIFFERENCES, CHUNKY, STRAIGHT_ALPHA = 8, 2, 1, 2
XMP, IPTC, ICC = 700, 33723, 34675


@contextlib.contextmanager
def open_tiff(path, nbytes):
    """A `TiffFile` for pages of so many bytes together.

    Raises:
        OSError: the file cannot be written.
    """
    with open(path, "wb") as file:
        yield TiffFile(file, Layout("<", nbytes > BIG))


class TiffFile:
    """Pages one after the other; each is complete before the next one begins.

    Args:
        file: open for writing.
        layout: an `ifd.Layout` in the order "<".
    """

    def __init__(self, file, layout):
        self._file, self._layout = file, layout
        self._pointer = 8 if layout.big else 4  # where the next directory's offset goes
        file.write(b"II+\0\x08\0\0\0" + bytes(8) if layout.big else b"II*\0" + bytes(4))

    def write_page(self, bands, shape, dtype, written):
        """Appends a page; arguments as `png.write_png`."""
        offsets, counts = [], []
        for strip in _strips(bands):
            offsets.append(self._file.tell())
            counts.append(len(strip))
            self._file.write(strip)
        tags = self._structure(shape, np.dtype(dtype).itemsize, offsets, counts)
        own = exif.in_order(written.tags, "<")
        tags |= {tag: entry for tag, entry in own.first.items() if tag not in tags}
        if written.dpi:
            tags |= exif.resolution_tags(written.dpi, self._layout)
        for tag, kind, data in ((XMP, 1, written.xmp), (IPTC, UNDEFINED, written.iptc)):
            if data:
                tags[tag] = Entry(kind, data)
        if written.icc:
            tags[ICC] = Entry(UNDEFINED, written.icc)
        self._file.write(bytes(self._file.tell() % 2))
        place = self._file.tell()
        self._file.write(ifd.pack(tags, self._layout, place, exif.tree(own)))
        self._file.seek(self._pointer)
        self._file.write(struct.pack("<Q" if self._layout.big else "<I", place))
        self._pointer = place + self._length_of_lines(tags, own)
        self._file.seek(0, 2)

    def _structure(self, shape, size, offsets, counts):
        height, width, channels = shape
        layout = self._layout
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

    def _length_of_lines(self, tags, own):
        """Where the next directory's offset stands within a directory."""
        held = {*tags, *(tag for tag, part in exif.tree(own).items() if part[0])}
        return (8 + 20 * len(held)) if self._layout.big else (2 + 12 * len(held))


def _strips(bands):
    """Bands of any height as compressed strips of `ROWS` rows (TIFF 6.0, section 14: predictor)."""
    rest = None
    for band in bands:
        rest = band if rest is None else np.concatenate([rest, band])
        while len(rest) >= ROWS:
            yield _strip(rest[:ROWS])
            rest = rest[ROWS:]
    if len(rest):
        yield _strip(rest)


def _strip(rows):
    rows = rows.astype(rows.dtype.newbyteorder("<"), copy=True)
    rows[:, 1:] -= rows[:, :-1].copy()
    return zlib.compress(rows.tobytes(), 6)
