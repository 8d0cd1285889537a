"""Compares how replacing blocks start, random, svd or lstsq, from one trained SECN at equal steps.

    python training/compare_starts.py --initial runs/main/secn/model.keras \\
      --data_dir PHOTOS --val_dir SET5 --output_dir runs/starts
"""

import training_flags
from absl import flags

from keras_secn.training.app import run_app

FLAGS = flags.FLAGS
training_flags.define(output_dir="runs/starts")
flags.adopt_module_key_flags(training_flags)  # for --help
flags.DEFINE_string(
    "initial", None, "A trained SECN: a .keras file or a preset's name.", required=True
)
flags.DEFINE_integer("blocks", 16, "Residual blocks.")
flags.DEFINE_integer("filters", 64, "Channels of every feature map.")
flags.DEFINE_integer("n", 16, "How many blocks are replaced at once.")
flags.DEFINE_integer("steps", 300, "Optimizer steps after the replacement.")


def main(argv):
    # after the flags are parsed: --help must not wait for Keras
    import start_comparison

    from keras_secn import metrics
    from keras_secn.cascade.plan import CascadePlan
    from keras_secn.training import devices

    devices = devices.pick_strategy(FLAGS.strategy, FLAGS.logical_devices)
    settings = start_comparison.StartSettings(
        FLAGS.initial,
        CascadePlan(FLAGS.blocks, FLAGS.n, max(1, FLAGS.n)),
        training_flags.recipe(FLAGS.steps),
        FLAGS.scale,
        FLAGS.filters,
    )
    rows = start_comparison.compare_starts(
        settings,
        training_flags.photographs(),
        FLAGS.output_dir,
        validate=metrics.ValidationSet(FLAGS.val_dir, FLAGS.scale).scores,
        strategy=devices,
    )
    print(start_comparison.to_markdown(rows))
    print(f"written to {FLAGS.output_dir}: starts.md and a network per start")


if __name__ == "__main__":
    run_app(main)
