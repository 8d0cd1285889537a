"""Photographs made of noise, as many as one likes."""

import os

import numpy as np
from PIL import Image

PIXELS = 387, 258  # 0.1 megapixel
DISTINCT = 50  # photographs that differ; the others are links to them


def make_photographs(folder, count):
    """JPEG files in `folder`; beyond the first `DISTINCT` they are links to those."""
    folder.mkdir(parents=True)
    chance = np.random.default_rng(0)
    for number in range(count):
        path = folder / f"{number:06d}.jpg"
        if number < DISTINCT:
            small = chance.integers(0, 256, (20, 30, 3), np.uint8)
            large = Image.fromarray(small).resize(PIXELS, Image.Resampling.BICUBIC)
            grain = chance.normal(0, 8, (*PIXELS[::-1], 3))
            pixels = np.clip(np.asarray(large) + grain, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(path, quality=90)
        else:
            os.link(folder / f"{number % DISTINCT:06d}.jpg", path)
