"""PNG: separates metadata from the picture (PNG, third edition, sections 5 and 11)."""

import re
import struct
import zlib

from keras_secn.upscaling.io.jpeg import iptc_of
from keras_secn.upscaling.io.parts import Parts

# what the picture is made of; the rest describes it
PICTURE = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT"}
TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
XMP = b"XML:com.adobe.xmp"
RAW = re.compile(rb"Raw profile type (\w+)", re.IGNORECASE)  # ImageMagick's way of long ago
LIGHT = {b"mDCV": 24, b"cLLI": 8}  # of the screen and the picture: bytes
LARGEST = 2**26  # bytes that a text or profile unpacks to


def split(content):
    """The `Parts` of a PNG."""
    parts = Parts("PNG", [(0, 8)])
    raw, place = {}, 8
    while place + 12 <= len(content):
        head = content[place : place + 8]
        name, end = head[4:], place + 12 + int.from_bytes(head[:4], "big")
        if name in PICTURE or not name[0] & 0x20:  # a capital letter: the decoder must know it
            parts.pieces.append((place, min(end, len(content))))
            if name == b"IHDR":
                parts.png["header"] = content[place + 8 : place + 21]
            elif name == b"tRNS":
                parts.png["key"] = (content[place + 8 : end - 4], len(parts.pieces) - 1)
            elif name == b"acTL":
                parts.png["moving"] = int.from_bytes(content[place + 8 : place + 12], "big") > 1
            elif name == b"IEND":
                break
        elif end <= len(content):
            data = content[place + 8 : end - 4]
            checksum = int.from_bytes(content[end - 4 : end], "big")
            if zlib.crc32(data, zlib.crc32(name)) == checksum:
                _keep(parts, raw, name, data)
            elif name in _KNOWN:
                parts.problems.append(f"a damaged {name.decode('latin-1')} chunk")
        else:
            parts.pieces.append((place, len(content)))  # cut off: for the decoder to say
            break
        place = end
    _apply(parts, raw)
    return parts


_KNOWN = {*TEXTS, b"iCCP", b"eXIf", b"pHYs", b"gAMA", b"cHRM", b"sRGB", b"cICP", *LIGHT}


def _keep(parts, raw, name, data):
    if name in TEXTS:
        _keep_text(parts, raw, name, data)
    elif name == b"iCCP":
        try:
            parts.icc = unpack(data.split(b"\0", 1)[1][1:])
        except (IndexError, zlib.error, ValueError):
            parts.problems.append("a damaged ICC profile")
    elif name == b"eXIf":
        parts.exif = data
    elif name == b"pHYs" and len(data) == 9:
        x, y, unit = struct.unpack(">IIB", data)
        if unit == 1 and x and y:
            parts.dpi = (0.0254 * x, 0.0254 * y)
    elif name == b"gAMA" and len(data) == 4 and any(data):
        parts.png["gamma"] = int.from_bytes(data, "big") / 100000
    elif name == b"cHRM" and len(data) == 32:
        parts.png["chromaticity"] = tuple(v / 100000 for v in struct.unpack(">8I", data))
    elif name == b"sRGB" and len(data) == 1 and data[0] < 4:
        parts.png["srgb"] = data[0]
    elif name == b"cICP" and len(data) == 4 and data[2] == 0 and data[3] < 2:
        parts.cicp = tuple(data)
    elif len(data) == LIGHT.get(name):
        parts.png["light"] = [*parts.png.get("light", ()), (name, data)]
    elif name in _KNOWN:
        parts.problems.append(f"a {name.decode()} chunk that cannot be read")


def _keep_text(parts, raw, name, data):
    keyword, _, rest = data.partition(b"\0")
    if not 1 <= len(keyword) <= 79:
        parts.problems.append("a text without a keyword")
        return
    kind = RAW.fullmatch(keyword)
    if keyword != XMP and not kind:
        if not keyword.startswith(b"Thumb::"):  # of the old file
            parts.text.append((name, data))
        return
    try:
        value = text_value(name, rest)
    except (ValueError, zlib.error):
        parts.problems.append(f"a damaged text ({keyword.decode('latin-1')})")
        return
    if keyword == XMP:
        parts.xmp = value
    else:
        raw[kind[1].decode().lower()] = value


def text_value(name, rest):
    """What follows a text chunk's keyword, unpacked: bytes.

    Raises:
        ValueError, zlib.error: it is damaged or too long.
    """
    if name == b"tEXt":
        return rest
    if name == b"zTXt":
        return unpack(rest[1:])
    flags, rest = rest[:2], rest[2:].split(b"\0", 2)
    if len(flags) < 2 or len(rest) < 3:
        raise ValueError("fields are missing")
    return unpack(rest[2]) if flags[0] else rest[2]


def unpack(data):
    """Unpacks up to `LARGEST` bytes.

    Raises:
        ValueError, zlib.error: damaged, cut off, or larger.
    """
    worker = zlib.decompressobj()
    made = worker.decompress(data, LARGEST)
    if not worker.eof:
        raise ValueError("cut off or too large")
    return made


def _apply(parts, raw):
    """Profiles that stand in texts, where the file has none of its own."""
    for kind, text in raw.items():
        try:
            digits = b"".join(text.split()[2:])
            data = bytes.fromhex(digits.decode("ascii"))
        except ValueError:
            parts.problems.append(f"a damaged text (Raw profile type {kind})")
            continue
        if kind in ("exif", "app1"):
            if data.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
                parts.xmp = parts.xmp or data[29:]
            else:
                parts.exif = parts.exif or data
        elif kind == "xmp":
            parts.xmp = parts.xmp or data
        elif kind in ("iptc", "8bim"):
            parts.iptc = parts.iptc or (iptc_of(data) if data.startswith(b"8BIM") else data)
        elif kind in ("icc", "icm"):
            parts.icc = parts.icc or data
