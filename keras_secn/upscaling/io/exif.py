"""EXIF: keeps what describes the photograph, drops what describes the old file."""

import struct
from fractions import Fraction
from typing import NamedTuple

from keras_secn.upscaling.io import ifd
from keras_secn.upscaling.io.ifd import Entry, Layout

DETAILS, GPS, INTEROPERABILITY = 0x8769, 0x8825, 0xA005
ORIENTATION, DESCRIPTION, ARTIST, COPYRIGHT, SOFTWARE = 0x0112, 0x010E, 0x013B, 0x8298, 0x0131
X_RESOLUTION, Y_RESOLUTION, UNIT = 0x011A, 0x011B, 0x0128
COLOR_SPACE, WIDTH, HEIGHT, MAKER_NOTE = 0xA001, 0xA002, 0xA003, 0x927C
# tags of the first directory that describe the photograph; the others describe how one file is laid
# out, or are wrong after enlargement (EXIF 2.32, tables 3 to 5; TIFF 6.0, section 8; ratings and
# XP*: Windows)
TEXTS = {0x010D, DESCRIPTION, 0x010F, 0x0110, 0x011D, SOFTWARE, 0x0132, ARTIST, 0x013C, COPYRIGHT}
DESCRIPTIVE = {*TEXTS, 0x4746, 0x4749, *range(0x9C9B, 0x9CA0)}
# of the second directory, about one file's samples, in pixels, or about its thumbnail
FALSE = {0x9101, 0x9102, 0xA20C, 0xA40B, 0x9214, 0xA214, 0xA20E, 0xA20F, WIDTH, HEIGHT}
IN_PIXELS = (0x9214, 0xA214)  # areas and places, as x, y, sizes
PER_UNIT = (0xA20E, 0xA20F)  # pixels per unit of the sensor
# beginnings of descriptions that programs write of a TIFF's arrays
ARRAYS = (b'{"shape"', b"shape=(", b"ImageJ=", b"<?xml", b"<OME")
TEXT_TYPES = (ifd.ASCII, 129, 1, ifd.UNDEFINED)
LARGEST = {ifd.SHORT: 2**16 - 1, ifd.LONG: 2**32 - 1, ifd.FRACTION: 2**32 - 1}


class Exif(NamedTuple):
    """Directories of `ifd.Entry` by tag."""

    layout: Layout = Layout()  # byte order of all values
    first: dict = {}  # what describes the photograph, as TIFF files say it as well
    details: dict = {}  # the directory that is called EXIF
    gps: dict = {}

    def __bool__(self):
        return bool(self.first or self.details or self.gps)

    @property
    def below(self):
        """The directories below the first one, as `ifd.pack` takes them."""
        return {DETAILS: self.details, GPS: self.gps}

    def without(self, *tags):
        """The same without some details."""
        kept = {tag: value for tag, value in self.details.items() if tag not in tags}
        return self._replace(details=kept)


def read(content, start=None):
    """What EXIF, or the directory of a TIFF file that starts there, says.

    The `Exif`, the orientation (1 to 8, or `None`), the resolution as (x, y) in pixels per inch or
    `None`, and a list of what could not be read.
    """
    if start is None and content[:6] == b"Exif\0\0":
        content = content[6:]
    found = ifd.read_layout(content)
    if found is None:
        return Exif(), None, None, ["EXIF"]
    layout, offset = found
    wanted = {*DESCRIPTIVE, ORIENTATION, X_RESOLUTION, Y_RESOLUTION, UNIT, DETAILS, GPS}
    whole, _, bad = ifd.read_directory(content, start or offset, layout, wanted)
    problems, first = [], {}
    for tag in DESCRIPTIVE & set(whole):
        if tag in TEXTS and whole[tag].kind not in TEXT_TYPES:
            problems.append(f"EXIF tag 0x{tag:04X}, which is no text")
        else:
            first[tag] = whole[tag]

    def below(tags, tag):
        """The directory that a tag points to, which takes the tag's place."""
        nonlocal bad
        if tag not in tags:
            return {}
        places = ifd.numbers(tags.pop(tag), layout)
        if len(places) != 1 or not isinstance(places[0], int):
            bad += 1
            return {}
        found, _, unread = ifd.read_directory(content, places[0], layout)
        bad += unread
        return found

    details, gps = below(whole, DETAILS), below(whole, GPS)
    if rules := below(details, INTEROPERABILITY):
        details[INTEROPERABILITY] = rules
    if bad:
        problems.append(f"{bad} damaged EXIF tag{'s'[: bad > 1]}")
    orientation = None
    if ORIENTATION in whole:
        values = ifd.numbers(whole[ORIENTATION], layout)
        if len(values) == 1 and values[0] in range(9):
            orientation = values[0] or 1
        else:
            problems.append("an orientation that is none")
    dpi = _resolution(whole, layout)
    if dpi is None and {X_RESOLUTION, Y_RESOLUTION} & set(whole):
        problems.append("a resolution that is no number")
    exif = Exif(Layout(layout.order), first, details, gps)
    return exif, orientation, dpi or None, problems


def _resolution(tags, layout):
    """(x, y) in pixels per inch, () if there is no unit, `None` if it cannot be read."""
    unit = (*ifd.numbers(tags.get(UNIT), layout), 2)[0]
    if unit == 1:
        return ()
    result = []
    for tag in (X_RESOLUTION, Y_RESOLUTION):
        values = ifd.numbers(tags.get(tag), layout)
        value = values[0] if len(values) == 1 else 0
        top, bottom = value if isinstance(value, tuple) else (value, 1)
        if top <= 0 or bottom <= 0:
            return None
        result.append(float(Fraction(top, bottom) * (Fraction(127, 50) if unit == 3 else 1)))
    return tuple(result)


def enlarged(exif, size, ratio, turned):
    """An `Exif` for a result of (height, width), enlarged by a ratio.

    Places in the picture are kept unless the pixels were `turned` upright.
    """
    details = exif.without(*FALSE).details
    for tag in () if turned else (*IN_PIXELS, *PER_UNIT):
        entry = exif.details.get(tag)
        values = ifd.numbers(entry, exif.layout)
        if not values or entry.kind not in LARGEST:
            continue
        if tag in PER_UNIT and isinstance(values[0], tuple):
            values = [number for top, bottom in values for number in (round(ratio * top), bottom)]
        elif tag in IN_PIXELS and isinstance(values[0], int):
            values = [round(ratio * value) for value in values]
        else:
            continue
        if max(values) <= LARGEST[entry.kind]:
            details[tag] = ifd.integers(entry.kind, values, exif.layout)
    if {WIDTH, HEIGHT} & set(exif.details):
        for tag, length in ((WIDTH, size[1]), (HEIGHT, size[0])):
            details[tag] = ifd.integers(ifd.LONG, (length,), exif.layout)
    first = dict(exif.first)
    if DESCRIPTION in first and first[DESCRIPTION].data.startswith(ARRAYS):
        del first[DESCRIPTION]
    return exif._replace(first=first, details=details)


def with_texts(exif, texts):
    """An `Exif` with texts (bytes by tag) where it has none."""
    own = {tag: Entry(ifd.ASCII, text.rstrip(b"\0") + b"\0") for tag, text in texts.items()}
    return exif._replace(first=own | exif.first)


def resolution_tags(dpi, layout):
    """The tags of a resolution: dictionary of `ifd.Entry`."""
    tags = {UNIT: ifd.integers(ifd.SHORT, (2,), layout)}
    for tag, value in zip((X_RESOLUTION, Y_RESOLUTION), dpi, strict=True):
        part = Fraction(value).limit_denominator(1000)
        tags[tag] = ifd.integers(ifd.FRACTION, (part.numerator, part.denominator), layout)
    return tags


def to_bytes(exif, dpi=None):
    """EXIF from the byte order on; empty if there is nothing to say."""
    if not dpi and not exif:
        return b""
    tags = exif.first | (resolution_tags(dpi, exif.layout) if dpi else {}) | exif.below
    head = ifd.beginning(exif.layout) + struct.pack(exif.layout.order + "I", 8)
    return head + ifd.pack(tags, exif.layout, 8)
