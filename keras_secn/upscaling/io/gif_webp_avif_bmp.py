"""AVIF, WebP, GIF and BMP: separate metadata from the picture, where Pillow does not."""

import re
import struct

from keras_secn.upscaling.io.file_parts import Parts

AVIF_HEAD = 2**20  # bytes within which an AVIF describes itself
AVIF_COLORS = re.compile(rb"colrnclx(....)", re.DOTALL)  # AVIF 1.1; ISO/IEC 14496-12
AVIF_CODEC = re.compile(rb"av1C..(.)", re.DOTALL)  # AV1 Codec ISO Media File Format, section 2.3
AVIF_EXIF = re.compile(rb"(?<=infe.{8})Exif|(?<=infe.{10})Exif", re.DOTALL)
GIF_LOOP = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
GIF_TRAILER = 258  # bytes that end an XMP block for readers that do not know it


def split_avif(content):
    """The `Parts` of an AVIF, whose metadata Pillow hands on, but for the numbers of its colors.

    A damaged EXIF, which stops the decoder, is hidden from it: the item gets an unknown type.
    Pixels are decoded to full-range RGB.
    """
    parts = Parts([range(len(content))])
    head = content[:AVIF_HEAD]
    hidden = AVIF_EXIF.sub(b"skip", head)
    if hidden != head:
        parts.spare = [hidden, range(len(head), len(content))]
    if found := AVIF_CODEC.search(head):
        flags = found[1][0]
        parts.depth = (12 if flags & 0x20 else 10) if flags & 0x40 else 8
    if found := AVIF_COLORS.search(head):
        primaries, transfer = struct.unpack(">HH", found[1])
        if max(primaries, transfer) < 256:
            parts.metadata.cicp = (primaries, transfer, 0, 1)
    return parts


def split_webp(content):
    """The `Parts` of a WebP, whose metadata Pillow hands on (RFC 9649, sections 2.5 to 2.7).

    EXIF or XMP at the end that is cut off, which stops the decoder, is left out.
    """
    parts = Parts([range(len(content))])
    place = 12
    while place + 8 <= len(content):
        head = content[place : place + 8]
        name, length = head[:4], int.from_bytes(head[4:], "little")
        end = place + 8 + length + length % 2
        if name in (b"EXIF", b"XMP ") and end > len(content):
            start = b"RIFF" + (place - 8).to_bytes(4, "little") + b"WEBP"
            parts.spare = [start, range(12, place)]
        elif name in (b"VP8 ", b"VP8L") and parts.lossy is None:
            parts.lossy = name == b"VP8 "
        # a frame holds chunks of its own, behind 16 bytes
        place = place + 24 if name == b"ANMF" else end
    return parts


def split_gif(content):
    """The `Parts` of a GIF, with the sizes of its frames (GIF89a)."""
    parts = Parts([])
    head = content[:13].ljust(13, b"\0")
    width, height = struct.unpack("<HH", head[6:10])
    place = 13 + _colors(head[10])
    parts.keep(0, min(place, len(content)))
    while place < len(content):
        start, kind = place, content[place : place + 1]
        if kind == b"!":
            label = content[place + 1 : place + 2]
            is_told = label in (b"\xfe", b"\xff")  # a comment, or of an application
            place, data = _blocks(content, place + 2, is_told)
            if is_told and data[:11] not in GIF_LOOP:
                if label == b"\xfe":
                    parts.metadata.comment = parts.metadata.comment or data
                elif data.startswith(b"XMP DataXMP"):
                    # stored without blocks; what looks like them ends with 257 known bytes
                    stop = max(start + 14, place - GIF_TRAILER)
                    parts.metadata.xmp = content[start + 14 : stop]
                continue
        elif kind == b",":
            box = content[place + 1 : place + 10].ljust(9, b"\0")
            x, y, w, h, flags = struct.unpack("<HHHHB", box)
            parts.frames.append((max(width, x + w), max(height, y + h)))
            place = _blocks(content, place + 10 + _colors(flags) + 1)[0]
        else:
            break
        parts.keep(start, min(place, len(content)))
    parts.keep(min(place, len(content)), len(content))
    return parts


def _colors(flags):
    """Bytes of the table of colors that flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _blocks(content, place, keep=False):
    """Where a chain of blocks ends, and its bytes if they are asked for."""
    data = []
    while place < len(content):
        length = content[place : place + 1][0]
        if not length:
            return place + 1, b"".join(data)
        if keep and len(data) < 4096:
            data.append(content[place + 1 : place + 1 + length])
        place += 1 + length
    return place, b"".join(data)


def split_bmp(content):
    """The `Parts` of a BMP (Windows: BITMAPV5HEADER)."""
    parts = Parts([range(len(content))])
    head = content[14:138]
    size = int.from_bytes(head[:4], "little")
    if size >= 40 and len(head) >= 40:
        x, y = struct.unpack("<ii", head[24:32])
        if x > 0 and y > 0:
            parts.metadata.dpi = (0.0254 * x, 0.0254 * y)
    if size >= 124 and len(head) == 124 and head[56:60] == b"DEBM":
        start, length = struct.unpack("<II", head[112:120])
        parts.metadata.icc = content[14 + start : 14 + start + length] or None
    return parts
