"""Frames for ffmpeg's pipe: raw, or in Matroska with a time each."""

UNIT = 10_000  # nanoseconds: times are counted in these
_UNKNOWN = b"\x01" + 7 * b"\xff"  # a size that is not known yet


def _element(name, content, size=None):
    """An element of Matroska (RFC 8794): its ID, its size in eight bytes, its content."""
    size = len(content) if size is None else size
    return bytes.fromhex(name) + (size | 1 << 56).to_bytes(8, "big") + content


def _number(name, value):
    return _element(name, value.to_bytes(8, "big"))


def matroska_header(height, width, rate):
    """What comes before the frames of an uncompressed RGB video (RFC 9559).

    Args:
        height, width: of a frame.
        rate: frames a second on average, which says how long the last one is shown.
    """
    picture = _number("B0", width) + _number("BA", height) + _element("2EB524", b"RGB\x18")
    track = _number("D7", 1) + _number("73C5", 1) + _number("83", 1)
    track += _number("23E383", round(1e9 / rate))
    track += _element("86", b"V_UNCOMPRESSED") + _element("E0", picture)
    content = _element("1549A966", _number("2AD7B1", UNIT))
    content += _element("1654AE6B", _element("AE", track))
    ebml = _element("1A45DFA3", _element("4282", b"matroska"))
    return ebml + bytes.fromhex("18538067") + _UNKNOWN + content


def matroska_frame(seconds, size):
    """What comes before the pixels of one frame.

    Args:
        seconds: when it is shown, 0 or more.
        size: of its pixels in bytes.
    """
    time = _number("E7", round(seconds * 1e9 / UNIT))
    # track 1, no time beyond the cluster's, a key frame
    block = _element("A3", b"\x81\x00\x00\x80", 4 + size)
    return _element("1F43B675", time + block, len(time) + len(block) + size)
