"""Pixels of 8 bits, 16 bits and float."""

import numpy as np


def white(dtype):
    """The number that stands for white: 255, 65535, or 1 for floats."""
    return float(np.iinfo(dtype).max) if np.issubdtype(dtype, np.integer) else 1.0


def rounded(values, dtype):
    """Numbers as pixels: clipped to black and white, integers rounded half up."""
    if np.issubdtype(dtype, np.integer):
        values = np.floor(values + np.float32(0.5))
    return np.clip(values, 0, white(dtype)).astype(dtype)


def to_eight_bit(pixels):
    """uint16 pixels as uint8: 65535 / 255 = 257 takes white to white."""
    if pixels.dtype == np.uint8:
        return pixels
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
