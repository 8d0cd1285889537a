"""Makes a `.tflite` file of a trained network and checks it against Keras.

python tflite/convert.py --preset ct_secn_16 --quantization int8 --out ct_secn_16_int8.tflite
python tflite/convert.py --model runs/first/model.keras --shape 270x480 --out f.tflite
"""

import pathlib

from absl import flags

from keras_secn.data.images import find_images
from keras_secn.presets.load import is_file, load
from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table
from keras_secn.utils.sizes import parse_size

FLAGS = flags.FLAGS
flags.DEFINE_string("preset", None, "Name of trained weights.")
flags.DEFINE_string("model", None, "A .keras file, instead of --preset.")
flags.DEFINE_enum(
    "quantization",
    "none",
    ["none", "float16", "dynamic", "int8", "int8_qat", "int16x8"],
    "Number formats in the file.",
)
flags.DEFINE_string("shape", "dynamic", "dynamic, or HxW in LR pixels.")
flags.DEFINE_enum("io", "uint8", ["uint8", "float"], "Type of the pixels in and out.")
flags.DEFINE_string("out", None, "The .tflite file.", required=True)
flags.DEFINE_string(
    "representative", None, "Folder of photographs to calibrate with and to check on."
)
flags.DEFINE_multi_string("training_dir", [], "Photographs for int8_qat; repeatable.")
flags.DEFINE_integer("qat_steps", 500, "Steps of int8_qat.", lower_bound=1)
flags.DEFINE_boolean("report", False, "Prints the error of every layer of an integer file.")
flags.DEFINE_boolean("progress", True, "Shows progress bars.")

LAYERS = {
    "operator": "{operator}",
    "tensor": "{tensor}",
    "SQNR (dB)": "{sqnr:.1f}",
    "step": "{step:.3g}",
    "range": "{range[0]:.3g} .. {range[1]:.3g}",
}


def main(argv):
    if (FLAGS.preset is None) == (FLAGS.model is None):
        raise UserError("give either --preset or --model")
    if FLAGS.report and not FLAGS.quantization.startswith("int"):
        raise UserError("--report needs --quantization int8, int8_qat or int16x8")
    if FLAGS.quantization == "int8_qat" and not FLAGS.training_dir:
        raise UserError("--quantization int8_qat needs --training_dir: photographs")
    shape = parse_size(FLAGS.shape) if FLAGS.shape != "dynamic" else "dynamic"
    name = FLAGS.preset or FLAGS.model
    # what is not there is said first: Keras takes seconds
    is_file(name)
    for folder in [*FLAGS.training_dir, *([FLAGS.representative] if FLAGS.representative else [])]:
        find_images(folder)

    from keras_secn.lite.export import BOUNDS, export

    facts = export(
        load(name),
        FLAGS.out,
        FLAGS.quantization,
        shape,
        FLAGS.representative,
        FLAGS.io,
        progress=FLAGS.progress,
        report=FLAGS.report,
        training=FLAGS.training_dir,
        steps=FLAGS.qat_steps,
    )
    check = facts["check"]
    print(
        f"{FLAGS.out}: {pathlib.Path(FLAGS.out).stat().st_size / 1000:.0f} KB;"
        f" {check['psnr']:.2f} dB between it and Keras on {check['pictures']} photographs"
        f" (at least {BOUNDS[FLAGS.quantization]:.0f}),"
        f" largest difference {check['largest_difference']}"
    )
    if FLAGS.report:
        print(markdown_table(LAYERS, facts["layers"]))


if __name__ == "__main__":
    run_app(main)
