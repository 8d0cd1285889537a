"""Makes the picture at the top of the README, from a photograph that no network here has seen.

python docs/before_after.py
"""

import pathlib

import numpy as np
from absl import flags
from PIL import Image, ImageDraw, ImageFont

from keras_secn.data.imresize import imresize, modcrop
from keras_secn.training.app import run_app
from keras_secn.upscaling import Upscaler

FLAGS = flags.FLAGS
flags.DEFINE_string("preset", "ct_secn_16", "Whose picture is shown.")

HERE = pathlib.Path(__file__).parent
PHOTOGRAPH = HERE.parent / "keras_secn" / "samples" / "validation" / "osprey.jpg"
INSETS = [(252, 80), (446, 80)]  # left, top, in pixels of the photograph
WIDTH, HEIGHT = 78, 56
ENLARGED, GAP, LABEL = 3, 6, 22


def main(argv):
    with Image.open(PHOTOGRAPH) as image:
        original = modcrop(np.asarray(image), 2)
    low = imresize(original, scale=0.5)
    columns = {
        "bicubic": imresize(low, scale=2),
        FLAGS.preset: Upscaler(FLAGS.preset)(low),
        "original": original,
    }
    whole = Image.fromarray(columns[FLAGS.preset])
    step = WIDTH * ENLARGED + GAP, HEIGHT * ENLARGED + GAP
    sheet = Image.new(
        "RGB", (whole.width, whole.height + LABEL + step[1] * len(INSETS) - GAP), "white"
    )
    draw = ImageDraw.Draw(whole)
    for left, top in INSETS:
        draw.rectangle((left - 1, top - 1, left + WIDTH, top + HEIGHT), outline="white", width=2)
    sheet.paste(whole)
    text, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for column, (title, pixels) in enumerate(columns.items()):
        text.text((column * step[0], whole.height + 2), title, "black", font)
        for row, (left, top) in enumerate(INSETS):
            crop = Image.fromarray(pixels[top : top + HEIGHT, left : left + WIDTH])
            crop = crop.resize((WIDTH * ENLARGED, HEIGHT * ENLARGED), Image.Resampling.NEAREST)
            sheet.paste(crop, (column * step[0], whole.height + LABEL + row * step[1]))
    path = HERE / "before_after.png"
    sheet.save(path, optimize=True)
    print(f"written: {path}")


if __name__ == "__main__":
    run_app(main)
