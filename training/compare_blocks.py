"""Compares kinds of blocks in SECN's skeleton at equal steps: cost, time and PSNR.

    python training/compare_blocks.py --data_dir PHOTOS --val_dir SET5 --output_dir runs/blocks

With --initial a trained SECN's blocks are all replaced by each kind in turn, as the cascade does.
"""

import training_flags
from absl import flags

from keras_secn.training.app import run_app

FLAGS = flags.FLAGS
training_flags.define(output_dir="runs/blocks")
flags.adopt_module_key_flags(training_flags)  # for --help
flags.DEFINE_list(
    "kinds",
    ["residual", "se", "separable", "mobilenet", "xception", "inverted", "fire"],
    "Kinds of blocks; times are compared with the first.",
)
flags.DEFINE_integer("blocks", 16, "Residual blocks.")
flags.DEFINE_integer("filters", 64, "Channels of every feature map.")
flags.DEFINE_integer("steps", 2000, "Optimizer steps of each network.")
flags.DEFINE_string(
    "initial",
    None,
    "A trained network whose blocks are replaced: a .keras file or a preset's name.",
)


def main(argv):
    # after the flags are parsed: --help must not wait for Keras
    import block_comparison

    from keras_secn import metrics
    from keras_secn.training import devices

    devices = devices.pick_strategy(FLAGS.strategy, FLAGS.logical_devices)
    settings = block_comparison.ComparisonSettings(
        tuple(FLAGS.kinds),
        training_flags.recipe(FLAGS.steps),
        FLAGS.blocks,
        FLAGS.filters,
        FLAGS.scale,
        FLAGS.initial,
    )
    rows = block_comparison.compare_blocks(
        settings,
        training_flags.photographs(),
        FLAGS.output_dir,
        validate=metrics.ValidationSet(FLAGS.val_dir, FLAGS.scale).scores,
        strategy=devices,
    )
    print(block_comparison.to_markdown(rows))
    print(f"written to {FLAGS.output_dir}: blocks.md and a network per kind")


if __name__ == "__main__":
    run_app(main)
