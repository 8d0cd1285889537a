"""Tag directories of TIFF and EXIF, with values kept as bytes.

Values are not decoded, so that text in any encoding and fractions n/0 are kept. Specifications:
TIFF 6.0, section 2; BigTIFF; EXIF 2.32, section 4.6.2.
"""

import struct
from typing import NamedTuple

# bytes of a value by type (TIFF 6.0, section 2; BigTIFF 16 to 18; EXIF 3.0: 129 is UTF-8)
SIZES = {
    **{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4},
    **{16: 8, 17: 8, 18: 8, 129: 1},
}
INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
FRACTIONS = {5: "I", 10: "i"}
ASCII, SHORT, LONG, FRACTION, UNDEFINED = 2, 3, 4, 5, 7
MOST_TAGS = 4096


class Entry(NamedTuple):
    """A tag's value."""

    kind: int  # a key of `SIZES`
    data: bytes  # in the directory's byte order

    @property
    def count(self):
        return len(self.data) // SIZES[self.kind]


class Layout(NamedTuple):
    """How numbers are stored: byte order "<" or ">", and whether offsets have 64 bits."""

    order: str = "<"
    big: bool = False

    @property
    def pointer(self):
        return "Q" if self.big else "I"

    @property
    def counter(self):
        return "Q" if self.big else "H"

    def number(self, letter, content, offset):
        """The number at an offset; 0 beyond the end."""
        size = struct.calcsize("=" + letter)
        part = bytes(content[offset : offset + size])
        return struct.unpack(self.order + letter, part)[0] if len(part) == size else 0


def beginning(layout):
    """The bytes before the first directory's offset."""
    order = layout.order
    mark = b"II" if order == "<" else b"MM"
    return (
        mark + struct.pack(order + "3H", 43, 8, 0)
        if layout.big
        else mark + struct.pack(order + "H", 42)
    )


def read_layout(content):
    """The `Layout` of a TIFF or EXIF block and its first directory's offset; `None` if neither."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(content[:2]))
    if order is None:
        return None
    version = Layout(order).number("H", content, 2)
    if version not in (42, 43):
        return None
    layout = Layout(order, version == 43)
    return layout, layout.number(layout.pointer, content, 8 if layout.big else 4)


def read_directory(content, offset, layout, wanted=None):
    """A directory's `Entry` by tag, the next one's offset, and how many tags cannot be read."""
    width = struct.calcsize("=" + layout.pointer)
    step = 4 + 2 * width
    count = layout.number(layout.counter, content, offset)
    start = offset + struct.calcsize("=" + layout.counter)
    tags, unread = {}, 0
    if offset <= 0 or count > MOST_TAGS or start + step * count > len(content):
        return tags, 0, int(offset != 0)
    budget = 2 * len(content) + 65536  # directories whose tags share bytes would grow otherwise
    table = bytes(content[start : start + step * count])
    for place in range(0, len(table), step):
        tag, kind = (layout.number("H", table, place + shift) for shift in (0, 2))
        if wanted is not None and tag not in wanted:
            continue
        length = layout.number(layout.pointer, table, place + 4) * SIZES.get(kind, 0)
        where = place + 4 + width
        inside = length <= width
        value = layout.number(layout.pointer, table, where)
        budget -= length
        if kind not in SIZES or budget < 0 or not (inside or value + length <= len(content)):
            unread += 1
            continue
        data = table[where : where + length] if inside else bytes(content[value : value + length])
        tags.setdefault(tag, Entry(kind, data))
    return tags, layout.number(layout.pointer, content, start + step * count), unread


def numbers(entry, layout):
    """The values of a tag as integers or, of fractions, pairs of them; empty for other types."""
    letter = entry and (INTEGERS | FRACTIONS).get(entry.kind)
    if not letter or not entry.data:
        return ()
    pair = 2 if entry.kind in FRACTIONS else 1
    flat = struct.unpack(f"{layout.order}{pair * entry.count}{letter}", entry.data)
    return tuple(zip(flat[::2], flat[1::2], strict=True)) if pair == 2 else flat


def integers(kind, values, layout):
    """The `Entry` of integers; of fractions, numerators and denominators by turns."""
    letter = (INTEGERS | FRACTIONS)[kind]
    return Entry(kind, struct.pack(f"{layout.order}{len(values)}{letter}", *values))


def pack(tags, layout, start):
    """A directory as bytes that will lie at an even offset, what its tags point to behind it.

    Tags are `Entry`, or dictionaries of them: directories below this one.
    """
    tags = {tag: value for tag, value in tags.items() if value}
    width = struct.calcsize("=" + layout.pointer)
    lines, tail = struct.pack(layout.order + layout.counter, len(tags)), b""
    length = len(lines) + (4 + 2 * width) * len(tags) + width
    place = start + length + length % 2
    for tag, value in sorted(tags.items()):
        is_below = isinstance(value, dict)
        if is_below:
            entry = Entry(18 if layout.big else LONG, bytes(width))
            data = pack(value, layout, place)
        else:
            entry, data = value, value.data
        lines += struct.pack(layout.order + "HH" + layout.pointer, tag, entry.kind, entry.count)
        if is_below or len(data) > width:
            lines += struct.pack(layout.order + layout.pointer, place)
            data += bytes(len(data) % 2)
            tail += data
            place += len(data)
        else:
            lines += data.ljust(width, b"\0")
    return lines + bytes(width + length % 2) + tail
