"""JPEG: separates metadata from the picture (ITU-T T.81, annex B; JFIF)."""

import struct

from keras_secn.upscaling.io.file_parts import Parts
from keras_secn.utils.errors import UserError

EXIF, XMP, ICC = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"
EXTENDED, PHOTOSHOP = b"http://ns.adobe.com/xmp/extension/\0", b"Photoshop 3.0\0"
LONGEST = 65533  # bytes of a segment
UNREAD = {
    0xC3: "lossless JPEG",
    **dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF), "hierarchical JPEG"),
    0xCB: "lossless JPEG",
    0xF7: "JPEG-LS",
}


def split(content):
    """The `Parts` of a JPEG."""
    parts = Parts([range(2)])
    icc, place = {}, 2  # a profile's parts by number, and their "count"
    while place + 4 <= len(content):
        head = content[place : place + 4]
        marker = head[1]
        if head[0] != 0xFF or marker == 0xDA:
            break  # pixels, or damage that the decoder may judge
        if marker == 0xFF:
            place += 1
            continue
        if marker == 1 or 0xD0 <= marker <= 0xD9:
            parts.keep(place, place + 2)
            place += 2
            continue
        end = place + 2 + int.from_bytes(head[2:], "big")
        data = content[place + 4 : end]
        what = UNREAD.get(marker)
        if 0xC0 <= marker <= 0xC2 and data[:1] == b"\14":
            what = "JPEG of 12 bits"
        if what:
            raise UserError(f"{what} is not read; save it as PNG or TIFF")
        if marker == 0xE0 and data.startswith(b"JFIF\0") and len(data) >= 14:
            parts.keep(place, end)
            unit, x, y = struct.unpack(">BHH", data[7:12])
            if unit in (1, 2) and x and y:
                parts.metadata.dpi = tuple(value * (1 if unit == 1 else 2.54) for value in (x, y))
        elif marker == 0xEE and data.startswith(b"Adobe"):
            parts.keep(place, end)  # says how the colors are stored
        elif 0xE0 <= marker <= 0xEF or marker == 0xFE:
            _keep(parts, icc, marker, data)
        else:
            parts.keep(place, end)
        place = end
    parts.keep(place, len(content))
    if icc:
        count = icc.pop("count")
        if sorted(icc) == list(range(1, count + 1)):
            parts.metadata.icc = b"".join(icc[number] for number in sorted(icc))
        else:
            parts.problems.append("an ICC profile in parts, some of which are missing")
    return parts


def _keep(parts, icc, marker, data):
    metadata = parts.metadata
    if marker == 0xE1 and data.startswith(b"Exif\0"):
        metadata.exif = metadata.exif or data[6:]
    elif marker == 0xE1 and data.startswith(XMP):
        metadata.xmp = metadata.xmp or data[len(XMP) :]
    elif marker == 0xE1 and data.startswith(EXTENDED):
        if "an XMP extension" not in parts.problems:
            parts.problems.append("an XMP extension")
    elif marker == 0xE2 and data.startswith(ICC) and len(data) >= 14:
        icc.setdefault(data[12], data[14:])
        icc["count"] = data[13]
    elif marker == 0xED and data.startswith(PHOTOSHOP):
        metadata.iptc = metadata.iptc or iptc_of(data[len(PHOTOSHOP) :])
    elif marker == 0xFE:
        metadata.comment = metadata.comment or data.rstrip(b"\0")


def iptc_of(resources):
    """The IPTC record among Photoshop's image resources; `None` if there is none."""
    place = 0
    while resources[place : place + 4] == b"8BIM" and place + 12 <= len(resources):
        number = int.from_bytes(resources[place + 4 : place + 6], "big")
        name = resources[place + 6] + 1
        place += 6 + name + name % 2
        length = int.from_bytes(resources[place : place + 4], "big")
        if number == 0x0404:
            return resources[place + 4 : place + 4 + length] or None
        place += 4 + length + length % 2
    return None


def iptc_segment(record):
    """A segment of Photoshop's that holds an IPTC record: bytes."""
    data = PHOTOSHOP + b"8BIM\4\4\0\0" + struct.pack(">I", len(record)) + record
    data += bytes(len(record) % 2)
    return b"\xff\xed" + struct.pack(">H", len(data) + 2) + data
