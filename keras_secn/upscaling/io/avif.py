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
    parts = Parts("AVIF", [range(len(content))])
    start, stop = _first_boxes(content, 0, len(content)).get(b"meta", (0, 0))
    if not 0 < stop - start <= LARGEST:
        return parts
    data = bytearray(content[start:stop])
    boxes = _first_boxes(data, 4, len(data))
    items = _hide_items(data, boxes)
    for number, value in _values(content, data, boxes, items).items():
        if items[number] == "exif":
            shift = 4 + int.from_bytes(value[:4], "big")
            parts.metadata.exif = parts.metadata.exif or value[shift:]
        else:
            parts.metadata.xmp = parts.metadata.xmp or value
    for name, first, last in _boxes(data, *boxes.get(b"iprp", (0, 0))):
        if name == b"ipco":
            _keep_colors(parts.metadata, data, first, last)
    parts.pieces = [range(start), bytes(data), range(stop, len(content))]
    return parts


def _hide_items(data, boxes):
    """Hides the items of EXIF and XMP: a dictionary of "exif" or "xmp" by number."""
    items = {}
    first, last = boxes.get(b"iinf", (0, 0))
    first += 6 if last and data[first] == 0 else 8
    for name, inside, end in _boxes(data, first, last):
        if name != b"infe" or data[inside] not in (2, 3):
            continue
        place = inside + (6 if data[inside] == 2 else 8)
        kind, rest = data[place + 2 : place + 6], data[place + 6 : end]
        if kind == b"Exif" or (kind == b"mime" and MIME in rest):
            number = int.from_bytes(data[inside + 4 : place], "big")
            items[number] = "exif" if kind == b"Exif" else "xmp"
            data[place + 2 : place + 6] = b"skip"
    return items


def _keep_colors(metadata, data, first, last):
    for name, inside, end in _boxes(data, first, last):
        kind = data[inside : inside + 4] if name == b"colr" else b""
        if kind == b"nclx" and end - inside >= 11:
            primaries, transfer = struct.unpack(">HH", data[inside + 4 : inside + 8])
            if metadata.cicp is None and max(primaries, transfer) < 256:
                metadata.cicp = (primaries, transfer, 0, 1)
        elif kind in (b"prof", b"rICC"):
            metadata.icc = metadata.icc or bytes(data[inside + 4 : end])


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


def _first_boxes(data, place, stop):
    """(start, stop) of the first box of each name."""
    found = {}
    for name, start, end in _boxes(data, place, stop):
        found.setdefault(name, (start, end))
    return found


def _values(content, data, boxes, wanted):
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
                where += boxes[b"idat"][0]
                value += data[where : where + count]
        if item in wanted:
            found[item] = bytes(value)
    return found
