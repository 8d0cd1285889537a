"""AVIF: separates metadata from the picture (ISO/IEC 14496-12, 23008-12; AVIF 1.1)."""

import struct

from keras_secn.upscaling.io.parts import Parts

LARGEST = 2**24  # bytes of the box of metadata
MIME = b"application/rdf+xml"


def split(content):
    """The `Parts` of an AVIF.

    EXIF and XMP are hidden from the decoder: their items get a type that it does not know. Pixels
    are decoded to full-range RGB.
    """
    parts = Parts("AVIF", [(0, len(content))])
    meta = next(((s, e) for n, s, e in _boxes(content, 0, len(content)) if n == b"meta"), None)
    if meta is None or meta[1] - meta[0] > LARGEST:
        return parts
    start = meta[0]
    data = bytearray(content[meta[0] : meta[1]])
    boxes = {}
    for name, first, last in _boxes(data, 4, len(data)):
        boxes.setdefault(name, (first, last))
    items = {}
    if b"iinf" in boxes:
        first, last = boxes[b"iinf"]
        first += 6 if data[first] == 0 else 8
        for name, inside, end in _boxes(data, first, last):
            if name != b"infe" or data[inside] not in (2, 3):
                continue
            place = inside + (6 if data[inside] == 2 else 8)
            number = int.from_bytes(data[inside + 4 : place], "big")
            kind, rest = bytes(data[place + 2 : place + 6]), bytes(data[place + 6 : end])
            if kind == b"Exif":
                items[number] = "exif"
            elif kind == b"mime" and MIME in rest:
                items[number] = "xmp"
            else:
                continue
            data[place + 2 : place + 6] = b"skip"
    for number, value in _values(content, data, boxes, set(items), start).items():
        if items[number] == "exif":
            shift = 4 + int.from_bytes(value[:4], "big")
            parts.exif = parts.exif or value[shift:]
        else:
            parts.xmp = parts.xmp or value
    if b"iprp" in boxes:
        for name, first, last in _boxes(data, *boxes[b"iprp"]):
            if name == b"ipco":
                _colors(parts, data, first, last)
    parts.pieces = [(0, start), bytes(data), (meta[1], len(content))]
    return parts


def _colors(parts, data, first, last):
    for name, inside, end in _boxes(data, first, last):
        if name == b"colr" and bytes(data[inside : inside + 4]) == b"nclx" and end - inside >= 11:
            primaries, transfer = struct.unpack(">HH", data[inside + 4 : inside + 8])
            if parts.cicp is None and max(primaries, transfer) < 256:
                parts.cicp = (primaries, transfer, 0, 1)
        elif name == b"colr" and bytes(data[inside : inside + 4]) in (b"prof", b"rICC"):
            parts.icc = parts.icc or bytes(data[inside + 4 : end])


def _boxes(data, place, stop):
    """Yields (name, start, stop) of what boxes hold."""
    while place + 8 <= stop:
        head = bytes(data[place : place + 16])
        length, inside = int.from_bytes(head[:4], "big"), place + 8
        if length == 1:
            length, inside = int.from_bytes(head[8:16], "big"), place + 16
        end = stop if length == 0 else place + length
        if end > stop or end < inside:
            return
        yield head[4:8], inside, end
        place = end


def _values(content, data, boxes, wanted, start):
    """Bytes of items by number (the box of locations)."""
    found = {}
    if b"iloc" not in boxes or not wanted:
        return found
    place, stop = boxes[b"iloc"]
    version, sizes = data[place], int.from_bytes(data[place + 4 : place + 6], "big")
    offset, length, base = (sizes >> shift & 15 for shift in (12, 8, 4))
    index = sizes & 15 if version in (1, 2) else 0
    wide = 4 if version == 2 else 2
    place += 6

    def number(size):
        nonlocal place
        place += size
        return int.from_bytes(data[place - size : place], "big")

    for _ in range(number(wide)):
        if place >= stop:
            break
        item = number(wide)
        method = number(2) & 15 if version in (1, 2) else 0
        number(2)
        origin, value = number(base), b""
        for _ in range(number(2)):
            if place >= stop:
                break
            number(index)
            where, count = origin + number(offset), number(length)
            if item not in wanted or len(value) + count > LARGEST:
                continue
            if method == 0:
                value += content[where : where + count]
            elif method == 1 and b"idat" in boxes:
                value += bytes(data[boxes[b"idat"][0] + where : boxes[b"idat"][0] + where + count])
        if item in wanted:
            found[item] = value
    return found
