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
ASCII, SHORT, LONG, UNDEFINED = 2, 3, 4, 7
MOST_TAGS = 4096


class Entry(NamedTuple):
    """A tag's value.

    Args:
        kind: a key of `SIZES`.
        data: the values' bytes, in the directory's byte order.
    """

    kind: int
    data: bytes

    @property
    def count(self):
        return len(self.data) // SIZES[self.kind]


class Layout(NamedTuple):
    """How numbers are stored: byte order "<" or ">", and whether offsets have 64 bits."""

    order: str = "<"
    big: bool = False

    def number(self, letter, content, offset):
        """The number at an offset; 0 beyond the end."""
        size = struct.calcsize("=" + letter)
        part = bytes(content[offset : offset + size])
        return struct.unpack(self.order + letter, part)[0] if len(part) == size else 0


def read_layout(content):
    """The `Layout` of a TIFF or EXIF block and its first directory's offset; `None` if neither."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(content[:2]))
    if order is None:
        return None
    version = Layout(order).number("H", content, 2)
    if version == 42:
        return Layout(order), Layout(order).number("I", content, 4)
    if version == 43:
        return Layout(order, True), Layout(order, True).number("Q", content, 8)
    return None


def read_directory(content, offset, layout, wanted=None):
    """The tags of a directory.

    Args:
        content: what holds it, indexed in slices.
        offset: of the directory.
        layout: a `Layout`.
        wanted: tags to read; all if `None`.

    Returns:
        A dictionary of `Entry` by tag, the next directory's offset, and how many tags could not
        be read.
    """
    counter, step, pointer = ("Q", 20, "Q") if layout.big else ("H", 12, "I")
    width = struct.calcsize("=" + pointer)
    count = layout.number(counter, content, offset)
    start = offset + struct.calcsize("=" + counter)
    tags, unread = {}, 0
    if offset <= 0 or count > MOST_TAGS or start + step * count > len(content):
        return tags, 0, int(offset != 0)
    budget = 2 * len(content) + 65536  # directories whose tags share bytes would grow otherwise
    table = bytes(content[start : start + step * count])
    for place in range(0, len(table), step):
        tag, kind = (layout.number("H", table, place + shift) for shift in (0, 2))
        if wanted is not None and tag not in wanted:
            continue
        length = layout.number(pointer, table, place + 4) * SIZES.get(kind, 0)
        where = place + 4 + width
        inside = length <= width
        value = layout.number(pointer, table, where)
        budget -= length
        if kind not in SIZES or budget < 0 or not (inside or value + length <= len(content)):
            unread += 1
            continue
        data = table[where : where + length] if inside else bytes(content[value : value + length])
        tags.setdefault(tag, Entry(kind, data))
    return tags, layout.number(pointer, content, start + step * count), unread


def numbers(entry, layout):
    """The values of a tag as integers or, of fractions, pairs of them; empty for other types."""
    if entry is None or not len(entry.data):
        return ()
    if entry.kind in FRACTIONS:
        flat = struct.unpack(f"{layout.order}{2 * entry.count}{FRACTIONS[entry.kind]}", entry.data)
        return tuple(zip(flat[::2], flat[1::2], strict=True))
    if entry.kind not in INTEGERS:
        return ()
    return struct.unpack(f"{layout.order}{entry.count}{INTEGERS[entry.kind]}", entry.data)


def integers(kind, values, layout):
    """The `Entry` of integers."""
    return Entry(kind, struct.pack(f"{layout.order}{len(values)}{INTEGERS[kind]}", *values))


def swapped(entry):
    """An `Entry` in the other byte order."""
    size = SIZES[entry.kind] // (2 if entry.kind in FRACTIONS else 1)
    if size == 1:
        return entry
    data = b"".join(
        entry.data[place : place + size][::-1] for place in range(0, len(entry.data), size)
    )
    return Entry(entry.kind, data)


def pack(tags, layout, start, below=None, following=0):
    """A directory as bytes, with what its tags point to behind it.

    Args:
        tags: dictionary of `Entry`.
        layout: a `Layout`.
        start: offset that the bytes will lie at; even.
        below: directories that tags point to: dictionary of (tags, below) by tag.
        following: offset of the next directory.
    """
    below = {tag: part for tag, part in (below or {}).items() if part[0]}
    pointer, kind = ("Q", 18) if layout.big else ("I", LONG)
    width = struct.calcsize("=" + pointer)
    held = {**tags, **{tag: Entry(kind, bytes(width)) for tag in below}}
    head = (8 if layout.big else 2) + (20 if layout.big else 12) * len(held) + width
    place = start + head + head % 2
    tail, directories = b"", []
    for tag in sorted(held):
        entry = held[tag]
        if tag in below or len(entry.data) > width:
            data = entry.data
            if tag in below:
                data = pack(below[tag][0], layout, place, below[tag][1])
            value = struct.pack(layout.order + pointer, place)
            data += bytes(len(data) % 2)
            tail += data
            place += len(data)
        else:
            value = entry.data.ljust(width, b"\0")
        line = struct.pack(layout.order + "HH" + pointer, tag, entry.kind, entry.count)
        directories.append(line + value)
    count = struct.pack(layout.order + ("Q" if layout.big else "H"), len(held))
    end = struct.pack(layout.order + pointer, following) + bytes(head % 2)
    return count + b"".join(directories) + end + tail
