"""Makes the picture of compressed photographs in docs/enlarge.md: a face, text, foliage, fur.

    python docs/compressed.py

The originals are halved and stored as JPEG. The face (NASA, public domain) and the cat (CC0) come
with scikit-image; no network here has seen them. The page is drawn. The foliage is one of the
sample photographs (CC0), which have been trained on.
"""

import pathlib

from absl import flags

from keras_secn.training.app import run_app

FLAGS = flags.FLAGS
flags.DEFINE_string("kind", "jpeg60", "What the LR pictures are, as for training/evaluate.py.")
flags.DEFINE_string("clean", "ct_secn_16", "The preset for clean pictures.")
flags.DEFINE_string("robust", "ct_secn_16_jpeg", "The preset for compressed ones.")
SIDE = 88  # pixels of a crop
# top left corners, in the originals
PLACES = {"astronaut": (64, 180), "page": (40, 20), "osprey": (40, 170), "chelsea": (90, 180)}


def original(name):
    import numpy as np
    import skimage.data
    from PIL import Image

    import keras_secn
    from keras_secn.lite.pages import page

    sample = pathlib.Path(keras_secn.__file__).parent / "samples" / "validation" / f"{name}.jpg"
    if sample.is_file():
        return np.asarray(Image.open(sample).convert("RGB"))
    return page((240, 400), seed=2, zoom=0.8) if name == "page" else getattr(skimage.data, name)()


def main(argv):
    from keras_secn import Upscaler
    from keras_secn.data.degradation import parse_degradation
    from keras_secn.data.imresize import modcrop
    from keras_secn.metrics import bicubic_upscaler, psnr_y
    from keras_secn.metrics.crops import crops_picture
    from keras_secn.utils.markdown import markdown_table

    pictures = [modcrop(original(name), 2) for name in PLACES]
    lows = [parse_degradation(FLAGS.kind)(picture, 2) for picture in pictures]
    ways = {
        "bicubic x2": bicubic_upscaler(2),
        "clean network": Upscaler(FLAGS.clean),
        "JPEG network (chosen)": Upscaler(FLAGS.robust),
    }
    columns = [(title, [upscale(low) for low in lows]) for title, upscale in ways.items()]
    rows = [
        [name, *(f"{psnr_y(picture, made[index], 2):.2f}" for _, made in columns)]
        for index, (name, picture) in enumerate(zip(PLACES, pictures, strict=True))
    ]
    print(f"PSNR-Y (dB) of the whole pictures, LR as {FLAGS.kind}\n")
    print(markdown_table(["picture", *ways], rows))
    path = pathlib.Path(__file__).with_name("compressed.png")
    columns.append(("original", pictures))
    crops_picture(columns, path, crop=SIDE, places=list(PLACES.values()))
    print(f"written: {path}")


if __name__ == "__main__":
    run_app(main)
