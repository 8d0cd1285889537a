"""EXIF: keeps what describes the photograph, drops what describes the old file."""

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
LARGEST = {ifd.SHORT: 2**16 - 1, ifd.LONG: 2**32 - 1, 5: 2**32 - 1}


class Exif(NamedTuple):
    """Three directories of `ifd.Entry` by tag.

    Args:
        layout: byte order of all values.
        first: descriptive tags, as TIFF files have them as well.
        details: of the photograph; the directory that is called EXIF.
        gps: where it was taken.
        interoperability: a file's rules of naming.
    """

    layout: Layout
    first: dict
    details: dict
    gps: dict
    interoperability: dict

    def __bool__(self):
        return bool(self.first or self.details or self.gps)


def empty():
    """An `Exif` of nothing."""
    return Exif(Layout(), {}, {}, {}, {})


def read(content, start=None):
    """What EXIF, or a directory of a TIFF file, says.

    Args:
        content: bytes from the byte order on, or a whole TIFF file.
        start: offset of a TIFF's directory; the first one if `None`.

    Returns:
        The `Exif`, the orientation (1 to 8, or `None`), the resolution as (x, y) in pixels per inch
        or `None`, and a list of what could not be read.
    """
    if start is None and content[:6] == b"Exif\0\0":
        content = content[6:]
    found = ifd.read_layout(content)
    if found is None:
        return empty(), None, None, ["EXIF"]
    layout, offset = found
    wanted = {*DESCRIPTIVE, ORIENTATION, X_RESOLUTION, Y_RESOLUTION, UNIT, DETAILS, GPS}
    whole, _, bad = ifd.read_directory(content, start or offset, layout, wanted)
    problems = []
    first = {}
    for tag in DESCRIPTIVE & set(whole):
        if tag in TEXTS and whole[tag].kind not in TEXT_TYPES:
            problems.append(f"EXIF tag 0x{tag:04X}, which is no text")
        else:
            first[tag] = whole[tag]
    parts = []
    for tags, tag in ((whole, DETAILS), (whole, GPS), (None, INTEROPERABILITY)):
        below = _below(content, layout, parts[0] if tags is None else tags, tag)
        parts.append(below[0])
        bad += below[1]
    parts[0].pop(INTEROPERABILITY, None)
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
    return Exif(layout, first, *parts), orientation, dpi or None, problems


def _below(content, layout, tags, tag):
    places = ifd.numbers(tags.get(tag), layout)
    if tag not in tags:
        return {}, 0
    if len(places) != 1 or not isinstance(places[0], int):
        return {}, 1
    found, _, bad = ifd.read_directory(content, places[0], layout)
    return found, bad


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
    """An `Exif` for the enlarged picture.

    Args:
        exif: an `Exif`.
        size: (height, width) of the result.
        ratio: enlargement.
        turned: whether the pixels were turned upright, so that places in them are others now.
    """
    details = {tag: entry for tag, entry in exif.details.items() if tag not in FALSE}
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
            kind = ifd.LONG if entry.kind == 5 else entry.kind
            data = ifd.integers(kind, values, exif.layout).data
            details[tag] = Entry(entry.kind, data)
    if {WIDTH, HEIGHT} & set(exif.details):
        for tag, length in ((WIDTH, size[1]), (HEIGHT, size[0])):
            details[tag] = ifd.integers(ifd.LONG, (length,), exif.layout)
    first = dict(exif.first)
    if DESCRIPTION in first and first[DESCRIPTION].data.startswith(ARRAYS):
        del first[DESCRIPTION]
    return exif._replace(first=first, details=details)


def with_texts(exif, texts):
    """An `Exif` with texts where it has none: a dictionary of bytes by tag."""
    first = dict(exif.first)
    for tag, text in texts.items():
        if text:
            first.setdefault(tag, Entry(ifd.ASCII, text.rstrip(b"\0") + b"\0"))
    return exif._replace(first=first)


def resolution_tags(dpi, layout):
    """The tags of a resolution: dictionary of `ifd.Entry`."""
    tags = {UNIT: ifd.integers(ifd.SHORT, (2,), layout)}
    for tag, value in zip((X_RESOLUTION, Y_RESOLUTION), dpi, strict=True):
        part = Fraction(value).limit_denominator(1000 if value < 4e6 else 1)
        pair = (part.numerator, part.denominator)
        tags[tag] = Entry(5, ifd.integers(ifd.LONG, pair, layout).data)
    return tags


def tree(exif):
    """The directories below the first one, as `ifd.pack` takes them."""
    details = (exif.details, {INTEROPERABILITY: (exif.interoperability, None)})
    return {DETAILS: details, GPS: (exif.gps, None)}


def to_bytes(exif, dpi=None):
    """EXIF from the byte order on; empty if there is nothing to say."""
    tags = {**exif.first, **(resolution_tags(dpi, exif.layout) if dpi else {})}
    if not tags and not exif:
        return b""
    head = {"<": b"II*\0\x08\0\0\0", ">": b"MM\0*\0\0\0\x08"}[exif.layout.order]
    return head + ifd.pack(tags, exif.layout, 8, tree(exif))


def in_order(exif, order):
    """An `Exif` in a byte order."""
    if exif.layout.order == order:
        return exif
    parts = ({tag: ifd.swapped(entry) for tag, entry in part.items()} for part in exif[1:])
    return Exif(Layout(order), *parts)
