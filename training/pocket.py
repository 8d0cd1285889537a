"""Trains a network for phones, taught by a large one if there is one, and folds it.

    python training/pocket.py --size m --teacher secn --data_dir PHOTOS --val_dir SET5

`--size edsr` trains EDSR F32 B5, which the family answers to. The same command goes on where it was
interrupted. The folded network is OUTPUT_DIR/NAME_folded/model.keras, for tflite/table.py.
"""

import training_flags
from absl import flags

from keras_secn.training.app import run_app

FLAGS = flags.FLAGS
training_flags.define(output_dir="runs/pocket")
flags.adopt_module_key_flags(training_flags)  # for --help
flags.DEFINE_enum("size", "m", ["s", "m", "l", "edsr"], "Size of the family, or EDSR F32 B5.")
flags.DEFINE_string("teacher", None, "A .keras file or preset of the same scale.")
flags.DEFINE_float("teacher_share", 0.5, "Of the teacher's picture in what is learned.")
flags.DEFINE_string("initial", None, "Goes on from a .keras file or a preset of the same size.")
flags.DEFINE_integer("steps", 8000, "Optimizer steps.")


def main(argv):
    # after the flags are parsed: --help must not wait for Keras
    import pocket_run

    from keras_secn import metrics
    from keras_secn.training import devices

    devices = devices.pick_strategy(FLAGS.strategy, FLAGS.logical_devices)
    settings = pocket_run.PocketSettings(
        FLAGS.size,
        training_flags.recipe(FLAGS.steps),
        FLAGS.scale,
        FLAGS.teacher,
        FLAGS.teacher_share,
        FLAGS.initial,
    )
    folded, row = pocket_run.run_pocket(
        settings,
        training_flags.photographs(),
        FLAGS.output_dir,
        validate=metrics.ValidationSet(FLAGS.val_dir, FLAGS.scale).scores,
        strategy=devices,
    )
    print(f"{row['name']}: {folded.count_params()} parameters folded, {row['val_psnr']:.2f} dB")


if __name__ == "__main__":
    run_app(main)
