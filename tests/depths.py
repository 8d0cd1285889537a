"""Pictures of 8 and of 16 bits that show the same, and what the reader makes of them."""

import struct
import zlib

import numpy as np
from odd_files import picture

from keras_secn.upscaling.depth import to_eight_bit
from keras_secn.upscaling.io.read import read_frames, read_header

COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
ALPHA = np.tile(np.array([0, 51, 102, 255, 204, 153], np.uint8), 30)[: 11 * 13].reshape(11, 13, 1)


def sample(channels):
    """A picture of 8 bits, with all kinds of alpha if there is one."""
    pixels = picture(channels=3 if channels > 2 else 1)
    return np.concatenate([pixels, ALPHA], axis=2) if channels in (2, 4) else pixels


def deep(pixels):
    return pixels.astype(np.uint16) * 257


def read(path):
    return next(read_frames(read_header(path))).pixels


def png(path, pixels, *chunks):
    """A PNG by the specification, of any depth; Pillow writes 8 bits only."""

    def chunk(name, data):
        checksum = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)

    height, width, channels = pixels.shape
    bits = 8 * pixels.dtype.itemsize
    head = struct.pack(">IIBBBBB", width, height, bits, COLOR_TYPES[channels], 0, 0, 0)
    rows = pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
    step = len(rows) // height
    rows = b"".join(b"\0" + rows[place : place + step] for place in range(0, len(rows), step))
    made = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in made))


def same_in_both(shallow, large, expected):
    """8 bits as expected, and 16 bits the same: white is white, within rounding."""
    assert shallow.dtype == np.uint8 and large.dtype == np.uint16
    np.testing.assert_array_equal(shallow, expected)
    assert np.abs(large / 257 - expected).max() <= 0.5
    np.testing.assert_array_equal(to_eight_bit(large), expected)


def tiff_options(channels):
    return {
        "photometric": "rgb" if channels > 2 else "minisblack",
        "extrasamples": ["unassalpha"] if channels in (2, 4) else None,
        "planarconfig": "contig" if channels > 1 else None,
        "metadata": None,
    }
