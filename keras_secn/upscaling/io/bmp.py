"""Metadata of BMP files (Windows: BITMAPV5HEADER)."""

import struct

from keras_secn.upscaling.io.parts import Parts


def split(content):
    """The `Parts` of a BMP."""
    parts = Parts("BMP", [(0, len(content))])
    head = content[14:138]
    size = int.from_bytes(head[:4], "little")
    if size >= 40 and len(head) >= 40:
        x, y = struct.unpack("<ii", head[24:32])
        if x > 0 and y > 0:
            parts.dpi = (0.0254 * x, 0.0254 * y)
    if size >= 124 and len(head) == 124 and head[56:60] == b"DEBM":
        start, length = struct.unpack("<II", head[112:120])
        parts.icc = content[14 + start : 14 + start + length] or None
    return parts
