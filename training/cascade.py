"""Trains SECN, replaces its blocks stage by stage, and writes the table, plot and crops.

    python training/cascade.py --data_dir PHOTOS --val_dir SET5 --output_dir runs/first

The same command goes on where it was interrupted. With --from_scratch the smallest network is
also trained from scratch for the same number of steps, for the paper's last column.
"""

import dataclasses

from absl import flags

from keras_secn.errors import run_app

FLAGS = flags.FLAGS
flags.DEFINE_multi_string(
    "data_dir", [], "Folder of training photographs, read recursively; repeatable."
)
flags.DEFINE_enum("dataset", None, ["div2k"], "Trains on a tensorflow-datasets dataset instead.")
flags.DEFINE_string("val_dir", None, "Folder of validation photographs.", required=True)
flags.DEFINE_string("output_dir", "runs/cascade", "Where checkpoints, networks and the report go.")
flags.DEFINE_string("cache_dir", None, "Where decoded photographs are kept (~/.cache/keras-secn).")
flags.DEFINE_boolean("strict", False, "Fail on an unreadable or too small photograph.")
flags.DEFINE_string("initial", None, "A trained SECN (.keras) to start from.")

flags.DEFINE_integer("scale", 2, "Enlargement: 2, 3 or 4.")
flags.DEFINE_integer("blocks", 16, "Residual blocks.")
flags.DEFINE_integer("filters", 64, "Channels of every feature map.")
flags.DEFINE_integer("n", 16, "How many blocks are replaced in the end.")
flags.DEFINE_integer("blocks_per_stage", 2, "How many blocks are replaced at each stage.")
flags.DEFINE_string("order", "back_to_front", "back_to_front (the paper) or front_to_back.")
flags.DEFINE_string("block", "separable", "Kind that replaces: separable, inverted or fire.")
flags.DEFINE_string(
    "start", "interpolation", "How a fresh network starts: interpolation or random."
)
flags.DEFINE_string("initialiser", "random", "How a new block starts: random, svd or lstsq.")

flags.DEFINE_integer("first_steps", 8000, "Steps of SECN, before any replacement.")
flags.DEFINE_integer("stage_steps", 1000, "Steps of each stage (at most, with --patience).")
flags.DEFINE_integer("last_steps", None, "Steps of the last stage (default: --stage_steps).")
flags.DEFINE_integer("patience", 0, "Ends a stage after so many validations without a better PSNR.")
flags.DEFINE_float("learning_rate", 1e-3, "Peak learning rate of SECN (and from scratch).")
flags.DEFINE_float("stage_learning_rate", 5e-4, "Peak learning rate of each stage.")
flags.DEFINE_string("schedule", "cosine", "cosine, halving or constant.")
flags.DEFINE_integer("warmup", 300, "Steps of rising learning rate (cosine).")
flags.DEFINE_integer("batch_size", 16, "Patches per step, over all devices together.")
flags.DEFINE_integer("hr_patch", 96, "Patch size in HR pixels; the paper's is 192.")
flags.DEFINE_float("clipnorm", 0.0, "Bound on the gradient's global norm; 0 for none.")
flags.DEFINE_float("ema", 0.999, "Momentum of the weights' moving average; 0 for none.")
flags.DEFINE_integer("seed", 0, "Of weights and patches.")
flags.DEFINE_integer("interval", 500, "Steps between validations and checkpoints.")
flags.DEFINE_string("precision", "auto", "auto (times both), float32 or mixed_bfloat16.")
flags.DEFINE_string("strategy", "single", "single, mirrored or auto.")
flags.DEFINE_integer("logical_devices", 0, "Splits the CPU into so many devices.")
flags.DEFINE_boolean("from_scratch", False, "Also trains the last network from scratch.")


def main(argv):
    # after the flags are parsed: --help must not wait for Keras
    from keras_secn import cascade_run, data, metrics, report, strategy
    from keras_secn.cascade import CascadePlan
    from keras_secn.training import Recipe

    plan = CascadePlan(
        FLAGS.blocks, FLAGS.n, FLAGS.blocks_per_stage, FLAGS.order, target=FLAGS.block
    )
    devices = strategy.pick_strategy(FLAGS.strategy, FLAGS.logical_devices)
    first = Recipe(
        steps=FLAGS.first_steps,
        learning_rate=FLAGS.learning_rate,
        schedule=FLAGS.schedule,
        warmup=FLAGS.warmup,
        batch_size=FLAGS.batch_size,
        hr_patch=FLAGS.hr_patch,
        clipnorm=FLAGS.clipnorm,
        ema=FLAGS.ema,
        seed=FLAGS.seed,
        interval=FLAGS.interval,
        patience=FLAGS.patience,
        precision=cascade_run.resolve_precision(FLAGS.output_dir, FLAGS.precision),
    )
    stage = dataclasses.replace(
        first, steps=FLAGS.stage_steps, learning_rate=FLAGS.stage_learning_rate
    )
    last = dataclasses.replace(stage, steps=FLAGS.last_steps or FLAGS.stage_steps)
    settings = cascade_run.CascadeSettings(
        plan,
        first,
        stage,
        last,
        scale=FLAGS.scale,
        filters=FLAGS.filters,
        initialiser=FLAGS.initialiser,
        initial=FLAGS.initial,
        start=FLAGS.start,
    )
    validation = metrics.ValidationSet(FLAGS.val_dir, FLAGS.scale)
    cache = data.open_photographs(
        FLAGS.data_dir,
        FLAGS.dataset,
        FLAGS.cache_dir,
        scale=FLAGS.scale,
        min_hr=FLAGS.hr_patch,
        strict=FLAGS.strict,
    )
    rows = cascade_run.run_cascade(
        settings,
        cache,
        FLAGS.output_dir,
        validate=validation.scores,
        from_scratch=FLAGS.from_scratch,
        strategy=devices,
    )
    cascade_run.write_report(rows, FLAGS.output_dir, settings, validation.photographs)
    print(report.table(rows))
    print(f"written to {FLAGS.output_dir}: table.md, psnr_parameters.png, history.png, crops.png")


if __name__ == "__main__":
    run_app(main)
