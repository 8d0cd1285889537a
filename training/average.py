"""Averages the weights of networks that were trained on from one, and scores the mean beside them.

    python training/average.py --network secn --network runs/on/secn/model.keras \\
      --val_dir SET5 --output_dir runs/mean

What it writes is a finished run: training/publish.py makes a preset of it.
"""

import pathlib

from absl import flags

from keras_secn.training.app import run_app

FLAGS = flags.FLAGS
flags.DEFINE_multi_string(
    "network", None, "A .keras file or a preset's name; two or more.", required=True
)
flags.DEFINE_multi_float(
    "share", None, "What a network counts for, in their order; 0 to start from one only."
)
flags.DEFINE_string("val_dir", None, "Photographs to score on.", required=True)
flags.DEFINE_string("output_dir", "runs/average", "Where the mean goes.")
flags.DEFINE_integer(
    "steps", 0, "For the preset's card: steps of the others beyond the first.", lower_bound=0
)


def main(argv):
    # after the flags are parsed: --help must not wait for Keras
    import averaging

    from keras_secn import metrics

    rows = averaging.average_run(
        FLAGS.network,
        pathlib.Path(FLAGS.output_dir),
        validate=metrics.ValidationSet(FLAGS.val_dir).scores,
        steps=FLAGS.steps,
        shares=FLAGS.share,
    )
    for row in [*rows[:-1], {**rows[-1], "name": "their mean"}]:
        print(f"{row['val_psnr']:.3f} dB, SSIM {row['val_ssim']:.4f}: {row['name']}")
    print(f"written to {FLAGS.output_dir}: {rows[-1]['name']}/model.keras")


if __name__ == "__main__":
    run_app(main)
