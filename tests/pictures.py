"""Made-up pictures for tests."""

import numpy as np
from PIL import Image

PHOTO_SIZES = {"a.png": (40, 51), "sub/b.png": (64, 33), "sub/c.png": (37, 80)}


def noise(shape, seed):
    """A random picture, smooth enough for a downscaled patch to resemble its surroundings."""
    small = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize(shape[::-1], Image.Resampling.BICUBIC))


def noisy(shape, seed, deviation=20):
    """Uncorrelated pixels around middle gray, seldom clipped."""
    return np.random.default_rng(seed).normal(128, deviation, shape).clip(0, 255).astype(np.uint8)
