"""Training throughput of this library beside the usual tutorial way, on this machine.

    python benchmarks/train_step.py

Both ways train the same networks from random weights on the same photographs. Ours reads patches
from the memory-mapped cache; the tutorial's tf.data pipeline decodes, crops, downscales and turns
photographs at each step, and `compile` and `fit` keep their defaults. The variants take turns, and
the table gives medians over the turns, ratios to the tutorial, the share of time that steps waited
for their input, and the share of this machine's own matrix-multiplication peak.
"""

import pathlib
import tempfile

from absl import flags

from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError

SAMPLES = pathlib.Path(__file__).resolve().parents[1] / "keras_secn" / "samples" / "train"

FLAGS = flags.FLAGS
flags.DEFINE_multi_string("data_dir", [str(SAMPLES)], "Folder of photographs; repeatable.")
flags.DEFINE_list("networks", ["0", "16"], "Which CT-SECN_n to time; 0 is SECN.")
flags.DEFINE_list("precisions", ["float32", "mixed_bfloat16"], "Of our way.")
flags.DEFINE_integer("batch_size", 16, "Patches per step.", lower_bound=1)
flags.DEFINE_integer("hr_patch", 48, "Patch size in HR pixels.", lower_bound=2)
flags.DEFINE_integer("rounds", 5, "Turns of each variant.", lower_bound=1)
flags.DEFINE_float("seconds", 6.0, "About so long a turn takes.", lower_bound=0.1)
flags.DEFINE_string("json", None, "Writes all figures to this file.")


def main(argv):
    import throughput

    from keras_secn import metrics

    if not set(FLAGS.precisions) <= {"float32", "mixed_bfloat16"}:
        raise UserError("--precisions are float32 and mixed_bfloat16")
    with tempfile.TemporaryDirectory() as cache_dir:
        results = throughput.compare(
            [int(n) for n in FLAGS.networks],
            FLAGS.precisions,
            FLAGS.data_dir,
            cache_dir,
            batch_size=FLAGS.batch_size,
            hr_patch=FLAGS.hr_patch,
            rounds=FLAGS.rounds,
            seconds=FLAGS.seconds,
        )
    print(throughput.to_markdown(results))
    if FLAGS.json:
        metrics.write_json(results, FLAGS.json)


if __name__ == "__main__":
    run_app(main)
