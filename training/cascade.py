"""Trains SECN, replaces its blocks stage by stage, and writes the table, plot and crops.

    python training/cascade.py --data_dir PHOTOS --output_dir runs/first --initializer lstsq

The same command resumes where it was interrupted. With --from_scratch the smallest network is
also trained from scratch for the same number of steps, for the paper's last column. With
--initial secn only the stages after SECN are trained.
"""

import dataclasses
import sys

import training_flags
from absl import flags

from keras_secn.training.app import run_app

FLAGS = flags.FLAGS
training_flags.define(output_dir="runs/cascade")
flags.DEFINE_string(
    "initial", None, "A trained SECN to start from: a preset's name (secn) or a .keras file."
)

flags.DEFINE_integer("blocks", 16, "Residual blocks.")
flags.DEFINE_integer("filters", 64, "Channels of every feature map.")
flags.DEFINE_integer("n", 16, "How many blocks are replaced in the end.")
flags.DEFINE_integer("blocks_per_stage", 2, "How many blocks are replaced at each stage.")
flags.DEFINE_string("order", "back_to_front", "back_to_front (the paper) or front_to_back.")
flags.DEFINE_string(
    "block", "separable", "Kind that replaces: separable, mobilenet, xception, inverted, fire."
)
flags.DEFINE_string(
    "start", "interpolation", "How a fresh network starts: interpolation or random."
)
flags.DEFINE_string("initializer", "random", "How a new block starts: random, svd or lstsq.")

flags.DEFINE_integer(
    "first_steps", None, "Steps of SECN, before any replacement (8000; 0 with --initial)."
)
flags.DEFINE_integer("stage_steps", 1000, "Steps of each stage (at most, with --patience).")
flags.DEFINE_integer("last_steps", None, "Steps of the last stage (default: --stage_steps).")
flags.DEFINE_float("stage_learning_rate", 5e-4, "Peak learning rate of each later stage.")
flags.DEFINE_boolean("from_scratch", False, "Also trains the last network from scratch.")


def main(argv):
    # after the flags are parsed: --help must not wait for Keras
    from cascade_report import write_report

    from keras_secn.cascade import run
    from keras_secn.cascade.plan import CascadePlan
    from keras_secn.metrics import report
    from keras_secn.metrics.protocol import bicubic_upscaler
    from keras_secn.training import multihost

    if FLAGS.initial and not FLAGS.from_scratch:
        training_flags.refuse(["start"], "does nothing with --initial")
    plan = CascadePlan(
        FLAGS.blocks, FLAGS.n, FLAGS.blocks_per_stage, FLAGS.order, target=FLAGS.block
    )
    strategy = training_flags.devices()
    first_steps = FLAGS.first_steps
    if first_steps is None:
        first_steps = 0 if FLAGS.initial else 8000
    stage = dataclasses.replace(
        training_flags.recipe(FLAGS.stage_steps), learning_rate=FLAGS.stage_learning_rate
    )
    first = (
        dataclasses.replace(stage, steps=first_steps, learning_rate=FLAGS.learning_rate)
        if first_steps
        else None
    )
    last = dataclasses.replace(stage, steps=FLAGS.last_steps or FLAGS.stage_steps)
    settings = run.CascadeSettings(
        plan,
        first,
        stage,
        last,
        scale=FLAGS.scale,
        filters=FLAGS.filters,
        initializer=FLAGS.initializer,
        initial=FLAGS.initial,
        start=FLAGS.start,
    )
    validation = training_flags.validation()
    cache = training_flags.photographs()
    rows = run.run_cascade(
        settings,
        cache,
        FLAGS.output_dir,
        validate=validation.scores,
        from_scratch=FLAGS.from_scratch,
        strategy=strategy,
    )
    if not multihost.is_first():
        return
    print("enlarging the validation photographs: table, plots and crops", file=sys.stderr)
    scores = validation.evaluate(bicubic_upscaler(FLAGS.scale))
    bicubic = {"val_psnr": scores.mean("psnr_y"), "val_ssim": scores.mean("ssim_y")}
    nothing = {"parameters": 0, "multiply_adds": 0, "steps": 0}
    rows = [{"name": "bicubic", **nothing, **bicubic}, *rows]
    write_report(rows, FLAGS.output_dir, settings, validation.photographs)
    print(report.table(rows))
    if FLAGS.initial:
        print(f"steps are those of this run: {FLAGS.initial} came trained")
    print(f"written to {FLAGS.output_dir}: table.md, psnr_parameters.png, history.png, crops.png")


if __name__ == "__main__":
    run_app(main, groups=training_flags.GROUPS)
