"""GIF: separates metadata from the picture; sizes of frames (GIF89a)."""

from keras_secn.upscaling.io.parts import Parts

XMP = b"XMP DataXMP"
LOOP = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
TRAILER = 258  # bytes that end an XMP block for readers that do not know it


def split(content):
    """The `Parts` of a GIF."""
    parts = Parts("GIF", [])
    width, height = (int.from_bytes(content[place : place + 2], "little") for place in (6, 8))
    flags = content[10:11] or b"\0"
    place = 13 + (3 << (flags[0] & 7) + 1 if flags[0] & 0x80 else 0)
    parts.pieces.append((0, min(place, len(content))))
    waiting = place  # where the picture's blocks begin that are not kept yet
    while place < len(content):
        kind = content[place : place + 1]
        if kind == b"!":
            label = content[place + 1 : place + 2]
            end, data = _blocks(content, place + 2, label in (b"\xfe", b"\xff"))
            if label in (b"\xfe", b"\xff") and data[:11] not in LOOP:
                if label == b"\xfe":
                    parts.comment = parts.comment or data
                elif data.startswith(XMP):
                    # stored without blocks; what looks like them ends with 257 known bytes
                    parts.xmp = content[place + 14 : max(place + 14, end - TRAILER)]
                parts.pieces.append((waiting, place))
                waiting = end
            place = end
        elif kind == b",":
            box = content[place + 1 : place + 10].ljust(9, b"\0")
            x, y, w, h = (int.from_bytes(box[i : i + 2], "little") for i in range(0, 8, 2))
            parts.frames.append((max(width, x + w), max(height, y + h)))
            place += 10 + (3 << (box[8] & 7) + 1 if box[8] & 0x80 else 0) + 1
            place = _blocks(content, place)[0]
        else:
            break
    parts.pieces.append((min(waiting, len(content)), len(content)))
    return parts


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
