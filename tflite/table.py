"""One network in every kind of quantization: size, PSNR-Y, difference to Keras, latency.

    python tflite/table.py --preset ct_secn_16 --data_dir SET5 --data_dir SET14 \
        --training_dir PHOTOS --out_dir lite/

Without --training_dir the row of quantization-aware training is left out.
"""

import pathlib
import sys

from absl import flags

from keras_secn.lite.sizes import parse_size
from keras_secn.metrics import compare
from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError

FLAGS = flags.FLAGS
flags.DEFINE_string("preset", None, "Name of trained weights.")
flags.DEFINE_string("model", None, "A .keras file, instead of --preset.")
flags.DEFINE_multi_string("data_dir", [], "Folder of ground truth photographs; repeatable.")
flags.DEFINE_string(
    "representative", None, "Folder of photographs to calibrate with (default: the samples)."
)
flags.DEFINE_multi_string(
    "training_dir", [], "Photographs for quantization-aware training; repeatable."
)
flags.DEFINE_integer("qat_steps", 500, "Steps of quantization-aware training.", lower_bound=1)
flags.DEFINE_list(
    "kinds", "none,float16,dynamic,int8,int8_qat,int16x8", "Rows, in order, after Keras."
)
flags.DEFINE_list("sizes", "270x480,540x960", "HxW of LR pictures to time; empty for none.")
flags.DEFINE_integer("threads", 2, "Threads of LiteRT.", lower_bound=1)
flags.DEFINE_integer("rounds", 5, "Runs of each file.", lower_bound=1)
flags.DEFINE_string("out_dir", "lite", "Where the .tflite files and table.json go.")
flags.DEFINE_boolean("progress", True, "Shows progress bars.")


def main(argv):
    if (FLAGS.preset is None) == (FLAGS.model is None):
        raise UserError("give either --preset or --model")
    if not FLAGS.data_dir:
        raise UserError("--data_dir is required: a folder of ground truth photographs")
    sizes = [parse_size(text) for text in FLAGS.sizes]
    kinds = [kind for kind in FLAGS.kinds if kind != "int8_qat" or FLAGS.training_dir]
    out = pathlib.Path(FLAGS.out_dir)
    folders = [*FLAGS.data_dir, *FLAGS.training_dir]
    folders += [FLAGS.representative] if FLAGS.representative else []
    compare.check_paths([FLAGS.preset or FLAGS.model], folders, out / "table.json")

    # after the flags are checked: Keras takes seconds
    from keras_secn.lite import comparison
    from keras_secn.metrics.protocol import write_json

    model = compare.load(FLAGS.preset or FLAGS.model)
    rows = comparison.compare_kinds(
        model,
        out,
        FLAGS.data_dir,
        sizes,
        kinds,
        FLAGS.threads,
        FLAGS.rounds,
        FLAGS.progress,
        report=lambda text: print(text, file=sys.stderr),
        representative=FLAGS.representative,
        training=FLAGS.training_dir or None,
        steps=FLAGS.qat_steps,
    )
    print(comparison.to_markdown(rows))
    about = {"model": FLAGS.preset or FLAGS.model, "threads": FLAGS.threads}
    write_json({**about, "rows": rows}, out / "table.json")


if __name__ == "__main__":
    run_app(main)
