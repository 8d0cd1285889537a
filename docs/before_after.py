"""Makes the picture at the top of the README, from photographs that no network here has seen.

    python docs/before_after.py

`chelsea` and `coffee` come with scikit-image, which has them under CC0 from their photographers.
"""

import pathlib

from absl import flags

from keras_secn.training.app import run_app

FLAGS = flags.FLAGS
flags.DEFINE_string("preset", "ct_secn_16", "Whose picture is shown.")


def main(argv):
    import skimage.data

    import keras_secn
    from keras_secn.data.imresize import imresize, modcrop
    from keras_secn.metrics import bicubic_upscaler, image_upscaler
    from keras_secn.metrics.report import crops_picture

    originals = [modcrop(image(), 2) for image in (skimage.data.chelsea, skimage.data.coffee)]
    lows = [imresize(image, scale=0.5) for image in originals]
    columns = [
        (title, [upscale(image) for image in lows])
        for title, upscale in (
            ("bicubic", bicubic_upscaler(2)),
            (FLAGS.preset, image_upscaler(keras_secn.load(FLAGS.preset))),
        )
    ]
    path = pathlib.Path(__file__).with_name("before_after.png")
    crops_picture([*columns, ("original", originals)], path, crop=96)
    print(f"written: {path}")


if __name__ == "__main__":
    run_app(main)
