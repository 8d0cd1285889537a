"""PNG: separates metadata from the picture (PNG, third edition, sections 5 and 11)."""

import re
import struct
import zlib

from keras_secn.upscaling.io.file_parts import Parts
from keras_secn.upscaling.io.jpeg import XMP as APP1_XMP
from keras_secn.upscaling.io.jpeg import iptc_of

# what the picture is made of; the rest describes it
PICTURE = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT"}
TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
LIGHT = {b"mDCV": 24, b"cLLI": 8}  # of the screen and the picture: bytes
KNOWN = {*TEXTS, b"iCCP", b"eXIf", b"pHYs", b"gAMA", b"cHRM", b"sRGB", b"cICP", *LIGHT}
XMP = b"XML:com.adobe.xmp"
RAW = re.compile(rb"Raw profile type (\w+)", re.IGNORECASE)  # ImageMagick's way of long ago
LARGEST = 2**26  # bytes that a text or profile unpacks to
PALETTE = 3  # a color type


def split(content):
    """The `Parts` of a PNG."""
    parts = Parts([range(8)])
    raw, place = {}, 8
    header, has_key, moving = bytes(13), False, False
    while place + 12 <= len(content):
        head = content[place : place + 8]
        name, end = head[4:], place + 12 + int.from_bytes(head[:4], "big")
        if name == b"tRNS" and not _intact(content, place, end):
            parts.problems.append("a damaged tRNS chunk")
        elif name in PICTURE or not name[0] & 0x20:  # a capital letter: the decoder must know it
            parts.keep(place, min(end, len(content)))
            if name == b"IHDR":
                header = content[place + 8 : place + 21].ljust(13, b"\0")
            elif name == b"tRNS":
                has_key = header[9] != PALETTE
            elif name == b"acTL":
                moving = int.from_bytes(content[place + 8 : place + 12], "big") > 1
            elif name == b"IEND":
                break
        elif end <= len(content):
            if _intact(content, place, end):
                _keep(parts, raw, name, content[place + 8 : end - 4])
            elif name in KNOWN:
                parts.problems.append(f"a damaged {name.decode('latin-1')} chunk")
        else:
            parts.keep(place, len(content))  # cut off: for the decoder to say
            break
        place = end
    _apply(parts, raw)
    parts.depth = header[8]
    parts.beyond_pillow = not moving and (header[8] == 16 or has_key)
    return parts


def _intact(content, place, end):
    """Whether a chunk's checksum is right."""
    checksum = int.from_bytes(content[end - 4 : end], "big")
    return end <= len(content) and zlib.crc32(content[place + 4 : end - 4]) == checksum


def _keep(parts, raw, name, data):
    metadata = parts.metadata
    if name in TEXTS:
        _keep_text(parts, raw, name, data)
    elif name == b"iCCP":
        try:
            metadata.icc = unpack(data.split(b"\0", 1)[1][1:])
        except (IndexError, zlib.error, ValueError):
            parts.problems.append("a damaged ICC profile")
    elif name == b"eXIf":
        metadata.exif = data
    elif name == b"pHYs" and len(data) == 9:
        x, y, unit = struct.unpack(">IIB", data)
        if unit == 1 and x and y:
            metadata.dpi = (0.0254 * x, 0.0254 * y)
    elif name == b"gAMA" and len(data) == 4 and any(data):
        metadata.png["gamma"] = int.from_bytes(data, "big") / 100000
    elif name == b"cHRM" and len(data) == 32:
        metadata.png["chromaticity"] = tuple(v / 100000 for v in struct.unpack(">8I", data))
    elif name == b"sRGB" and len(data) == 1 and data[0] < 4:
        metadata.png["srgb"] = data[0]
    elif name == b"cICP" and len(data) == 4 and data[2] == 0 and data[3] < 2:
        metadata.cicp = tuple(data)
    elif len(data) == LIGHT.get(name):
        metadata.png["light"] = [*metadata.png.get("light", ()), (name, data)]
    elif name in KNOWN:
        parts.problems.append(f"a {name.decode()} chunk that cannot be read")


def _keep_text(parts, raw, name, data):
    keyword, _, rest = data.partition(b"\0")
    kind = RAW.fullmatch(keyword)
    if not 1 <= len(keyword) <= 79:
        parts.problems.append("a text without a keyword")
    elif keyword == XMP or kind:
        try:
            value = text_value(name, rest)
        except (ValueError, zlib.error):
            parts.problems.append(f"a damaged text ({keyword.decode('latin-1')})")
            return
        if kind:
            raw[kind[1].decode().lower()] = value
        else:
            parts.metadata.xmp = value
    elif not keyword.startswith(b"Thumb::"):  # of the old file
        parts.metadata.text += ((name, data),)


def text_value(name, rest):
    """What follows a text chunk's keyword, unpacked; `ValueError` or `zlib.error` if damaged."""
    if name == b"tEXt":
        return rest
    if name == b"zTXt":
        return unpack(rest[1:])
    flags, rest = rest[:2], rest[2:].split(b"\0", 2)
    if len(flags) < 2 or len(rest) < 3:
        raise ValueError("fields are missing")
    return unpack(rest[2]) if flags[0] else rest[2]


def text_chunk(keyword, value):
    """A text as pair of chunk name and content: of UTF-8, if it is that."""
    try:
        value.decode()
    except UnicodeDecodeError:
        return b"tEXt", keyword + b"\0" + value.replace(b"\0", b" ")
    return b"iTXt", keyword + b"\0\0\0\0\0" + value


def unpack(data):
    """Unpacks up to `LARGEST` bytes; `ValueError` or `zlib.error` if damaged or larger."""
    worker = zlib.decompressobj()
    made = worker.decompress(data, LARGEST)
    if not worker.eof:
        raise ValueError("cut off or too large")
    return made


def _apply(parts, raw):
    """Profiles that stand in texts, where the file has none of its own."""
    metadata = parts.metadata
    for kind, text in raw.items():
        try:
            data = bytes.fromhex(b"".join(text.split()[2:]).decode("ascii"))
        except ValueError:
            parts.problems.append(f"a damaged text (Raw profile type {kind})")
            continue
        if kind in ("exif", "app1") and not data.startswith(APP1_XMP):
            metadata.exif = metadata.exif or data
        elif kind in ("exif", "app1", "xmp"):
            metadata.xmp = metadata.xmp or data.removeprefix(APP1_XMP)
        elif kind in ("iptc", "8bim"):
            metadata.iptc = metadata.iptc or (iptc_of(data) if data[:4] == b"8BIM" else data)
        elif kind in ("icc", "icm"):
            metadata.icc = metadata.icc or data
