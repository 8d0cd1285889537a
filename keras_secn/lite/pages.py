"""Synthetic pages of text, drawings and flat areas, to calibrate with.

An integer file that was calibrated on photographs alone loses about 2 dB on black text.
"""

import importlib.resources

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keras_secn.data.imresize import imresize

# DejaVu comes with matplotlib; (file, size in HR pixels)
FONTS = (
    ("DejaVuSans.ttf", 22),
    ("DejaVuSerif.ttf", 28),
    ("DejaVuSansMono.ttf", 20),
    ("DejaVuSans-Bold.ttf", 40),
    ("DejaVuSerif-Italic.ttf", 26),
    ("DejaVuSans.ttf", 64),
)
# (paper, ink): what is printed most, then screens and colors at both ends of every channel
COLORS = (
    ("white", "black"),
    ("white", "black"),
    ("#1e1e1e", "#e0e0e0"),
    ("white", "#d00000"),
    ("#fffbe6", "#202040"),
    ("black", "white"),
)
PAGE = 128  # LR pixels a side
SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo yu za str ing"


def pages(scale):
    """Pages as uint8 LR pictures, reduced as photographs are; the same ones each time."""
    size = (PAGE * scale, PAGE * scale)
    return [imresize(page(size, number), scale=1 / scale) for number in range(len(FONTS))]


def page(size, number=0, seed=0, zoom=1.0):
    """A page of text with a drawing and flat areas, uint8, `size` = (height, width).

    Its font and colors follow from `number`, words and shapes from `seed`; `zoom` is of letters.
    """
    height, width = size
    random = np.random.default_rng([seed, number])
    paper, ink = COLORS[number % len(COLORS)]
    name, pixels = FONTS[number % len(FONTS)]
    pixels = round(pixels * zoom)
    image = Image.new("RGB", (width, height), paper)
    fonts = importlib.resources.files("matplotlib") / "mpl-data" / "fonts" / "ttf"
    draw, font = ImageDraw.Draw(image), ImageFont.truetype(str(fonts / name), pixels)
    for y in range(pixels // 2, height * 3 // 5, pixels * 5 // 4):
        draw.text((pixels // 2, y), _words(random, 2 * width // pixels), fill=ink, font=font)
    _drawing(draw, (0, height * 3 // 5, width, height), ink, random)
    return np.asarray(image)


def _words(random, length):
    words = []
    while sum(map(len, words)) < length:
        word = "".join(random.choice(SYLLABLES.split(), random.integers(1, 4)))
        words.append(word.capitalize() if random.random() < 0.2 else word)
        if random.random() < 0.15:
            words.append(str(random.integers(1, 2000)))
    return " ".join(words)


def _drawing(draw, box, ink, random):
    """Flat areas of color beside each other, and lines, circles and boxes over them."""
    left, top, right, bottom = box
    edges = np.linspace(left, right, 5).astype(int)
    for start, stop in zip(edges[1:-1], edges[2:], strict=True):
        color = tuple(int(value) for value in random.choice([0, 64, 128, 192, 255], 3))
        draw.rectangle([start, top, stop, (top + bottom) // 2], fill=color)

    def point():
        return int(random.integers(left, right)), int(random.integers(top, bottom))

    for thickness in (1, 1, 2, 3, 5):
        draw.line([point(), point()], fill=ink, width=thickness)
    for _ in range(3):
        (x, y), radius = point(), int(random.integers(4, (bottom - top) // 2))
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], outline=ink, width=2)
