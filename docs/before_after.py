"""Makes the picture at the top of the README, from a photograph that no network here has seen.

    python docs/before_after.py

The photograph is a portrait by NASA, in the public domain, that comes with scikit-image. The
sample photographs will not do: the presets were trained on them.
"""

import pathlib

from absl import flags

from keras_secn.training.app import run_app

FLAGS = flags.FLAGS
flags.DEFINE_string("preset", "ct_secn_16", "Whose picture is shown.")

INSETS = [(180, 56), (128, 340)]  # left, top, in pixels of the photograph
SIDE, ENLARGED, GAP, LABEL, OVERVIEW = 92, 3, 6, 22, 340


def main(argv):
    import numpy as np
    import skimage.data
    from PIL import Image, ImageDraw, ImageFont

    from keras_secn.data.imresize import imresize
    from keras_secn.metrics import psnr_y
    from keras_secn.upscaling import Upscaler

    original = skimage.data.astronaut()
    low = imresize(original, scale=0.5)
    columns = {
        "bicubic": imresize(low, scale=2),
        FLAGS.preset: np.asarray(Upscaler(FLAGS.preset)(low)),
        "original": original,
    }
    for title in list(columns)[:2]:
        print(f"{title}: {psnr_y(original, columns[title], 2):.2f} dB (PSNR-Y)")
    whole = Image.fromarray(columns[FLAGS.preset])
    draw = ImageDraw.Draw(whole)
    for left, top in INSETS:
        draw.rectangle((left - 1, top - 1, left + SIDE, top + SIDE), outline="white", width=2)
    whole = whole.resize((OVERVIEW, OVERVIEW), Image.Resampling.LANCZOS)
    step = SIDE * ENLARGED + GAP
    size = (step * 3 - GAP, whole.height + LABEL + step * len(INSETS) - GAP)
    sheet = Image.new("RGB", size, "white")
    sheet.paste(whole)
    text, font = ImageDraw.Draw(sheet), ImageFont.load_default(16)
    said = [
        "A photograph by NASA that no network here was trained on,",
        f"reduced to half ({low.shape[1]} x {low.shape[0]} pixels) and enlarged x2.",
        "The framed parts are shown below, three times as large.",
    ]
    text.multiline_text((whole.width + 20, 20), "\n".join(said), "black", font, spacing=8)
    for column, (title, pixels) in enumerate(columns.items()):
        text.text((column * step, whole.height + 2), title, "black", font)
        for row, (left, top) in enumerate(INSETS):
            crop = Image.fromarray(pixels[top : top + SIDE, left : left + SIDE])
            crop = crop.resize((SIDE * ENLARGED,) * 2, Image.Resampling.NEAREST)
            sheet.paste(crop, (column * step, whole.height + LABEL + row * step))
    path = pathlib.Path(__file__).with_name("before_after.png")
    sheet.save(path, optimize=True)
    print(f"written: {path}")


if __name__ == "__main__":
    run_app(main)
