"""WebP: separates metadata from the picture (RFC 9649, section 2.7)."""

from keras_secn.upscaling.io.parts import Parts

NAMES = {b"EXIF": "exif", b"XMP ": "xmp", b"ICCP": "icc"}
FLAGS = 0x20 | 0x08 | 0x04  # of the extended header: profile, EXIF, XMP


def split(content):
    """The `Parts` of a WebP."""
    parts = Parts("WEBP", [])
    pieces, place = [], 12
    while place + 8 <= len(content):
        head = content[place : place + 8]
        length = int.from_bytes(head[4:], "little")
        end = place + 8 + length + length % 2
        name = NAMES.get(head[:4])
        if name:
            if place + 8 + length > len(content):
                parts.problems.append(f"{name.upper()}, which is cut off")
            elif getattr(parts, name) is None:
                setattr(parts, name, content[place + 8 : place + 8 + length])
        elif head[:4] == b"VP8X":
            data = bytearray(content[place + 8 : end])
            if data:
                data[0] &= ~FLAGS
            pieces.append(head + bytes(data))
        else:
            pieces.append((place, min(end, len(content))))
        place = end
    length = 4 + sum(len(p) if isinstance(p, bytes) else p[1] - p[0] for p in pieces)
    declared = int.from_bytes(content[4:8], "little")
    # a file that is cut off still says how long it was
    length += max(0, declared + 8 - len(content))
    parts.pieces = [b"RIFF" + (length & 0xFFFFFFFF).to_bytes(4, "little") + b"WEBP", *pieces]
    return parts


def is_lossy(path):
    """Whether a file's first picture is stored with loss (RFC 9649, sections 2.5 and 2.6)."""
    with open(path, "rb") as file:
        file.seek(12)
        while len(head := file.read(8)) == 8:
            if head[:4] in (b"VP8 ", b"VP8L"):
                return head[:4] == b"VP8 "
            length = int.from_bytes(head[4:], "little")
            # a frame holds chunks of its own, behind 16 bytes
            file.seek(16 if head[:4] == b"ANMF" else length + length % 2, 1)
    return False
