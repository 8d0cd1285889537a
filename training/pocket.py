"""Trains a network for phones, taught by a large one if there is one, and folds it.

    python training/pocket.py --size m --teacher secn --data_dir PHOTOS --val_dir SET5

`--size edsr` trains EDSR F32 B5, which the family answers to. The same command goes on where it was
interrupted. The folded network is OUTPUT_DIR/NAME_folded/model.keras, for tflite/table.py.
"""

import pathlib

from absl import flags

from keras_secn import training_flags
from keras_secn.errors import UserError, run_app

FLAGS = flags.FLAGS
training_flags.define(output_dir="runs/pocket")
flags.adopt_module_key_flags(training_flags)  # for --help
flags.DEFINE_enum("size", "m", ["s", "m", "l", "edsr"], "Size of the family, or EDSR F32 B5.")
flags.DEFINE_string("teacher", None, "A .keras file or preset of the same scale.")
flags.DEFINE_float("teacher_share", 0.5, "Of the teacher's picture in what is learned.")
flags.DEFINE_integer("steps", 8000, "Optimizer steps.")


def main(argv):
    # after the flags are parsed: --help must not wait for Keras
    from keras_secn import evaluation, metrics, strategy
    from keras_secn.collapsible import fold
    from keras_secn.files import atomic_path
    from keras_secn.models import build_edsr_mobile, build_pocket_secn, scale_of
    from keras_secn.progress import RunBar
    from keras_secn.taught_cache import TaughtCache
    from keras_secn.training import train

    def build():
        if FLAGS.size == "edsr":
            return build_edsr_mobile(FLAGS.scale)
        return build_pocket_secn(FLAGS.size, FLAGS.scale)

    name = build().name
    output = pathlib.Path(FLAGS.output_dir)
    validation = metrics.ValidationSet(FLAGS.val_dir, FLAGS.scale)
    devices = strategy.pick_strategy(FLAGS.strategy, FLAGS.logical_devices)
    recipe = training_flags.recipe(FLAGS.steps)
    cache = training_flags.photographs()
    if FLAGS.teacher:
        teacher = evaluation.load_network(FLAGS.teacher)
        if scale_of(teacher) != FLAGS.scale:
            raise UserError(f"{FLAGS.teacher} enlarges {scale_of(teacher)} times")
        share = FLAGS.teacher_share
        folder = output / f"taught_{pathlib.Path(FLAGS.teacher).parent.name}_{share:g}"
        cache = TaughtCache(cache, metrics.image_upscaler(teacher), folder, share)
    with RunBar(recipe.total_steps) as bar:
        model = train(
            build,
            recipe,
            cache,
            output / name,
            validate=validation.scores,
            strategy=devices,
            bar=bar,
        )
    folded = fold(model)
    with atomic_path(output / f"{name}_folded" / "model.keras") as path:
        folded.save(path)
    psnr = validation.scores(folded)["val_psnr"]
    print(f"{name}: {folded.count_params()} parameters folded, {psnr:.2f} dB")


if __name__ == "__main__":
    run_app(main)
