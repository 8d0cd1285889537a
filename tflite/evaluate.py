"""PSNR-Y and SSIM-Y of `.tflite` files, beside the Keras network they were made of.

    python tflite/evaluate.py a.tflite b.tflite --data_dir SET5 --preset ct_secn_16

Any super-resolution file will do: uint8, int8 or float pixels, of fixed or dynamic size.
"""

import pathlib
import sys

from absl import flags

from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError

# what scripts that evaluate share
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "training"))
import comparison

FLAGS = flags.FLAGS
flags.DEFINE_multi_string("data_dir", [], "Folder of ground truth photographs; repeatable.")
flags.DEFINE_string("preset", None, "Name of the Keras origin's trained weights.")
flags.DEFINE_string("model", None, "The Keras origin as a .keras file.")
flags.DEFINE_integer("threads", None, "Threads of LiteRT.")
flags.DEFINE_float("white", 255.0, "White in files of float pixels: 255 or 1.")
flags.DEFINE_string("json", None, "Writes all figures to this file.")
flags.DEFINE_boolean("progress", True, "Shows progress bars.")


def main(argv):
    files = argv[1:]
    if not files or not FLAGS.data_dir:
        raise UserError("usage: evaluate.py FILE... --data_dir DIR")

    from keras_secn.lite.interpreter import LiteModel
    from keras_secn.metrics.protocol import write_json

    models = [LiteModel(file, FLAGS.threads, value_range=FLAGS.white) for file in files]
    scale = models[0].scale
    for file, model in zip(files, models, strict=True):
        if model.scale != scale:
            raise UserError(f"{file} enlarges {model.scale} times, {files[0]} {scale} times")
    origins = [name for name in (FLAGS.preset, FLAGS.model) if name]
    candidates = comparison.load_candidates(origins, scale)[0] if origins else []
    labels = comparison.short_names(files)
    for label, file, model in zip(labels, files, models, strict=True):
        candidates.append(comparison.Candidate(label, file, model, None))
    results = []
    for reports in comparison.compare(candidates, FLAGS.data_dir, scale, None, FLAGS.progress):
        print(f"## {next(iter(reports.values())).folder}, x{scale}: PSNR-Y (dB) / SSIM-Y\n")
        print(comparison.comparison_table(reports), flush=True)
        for candidate in candidates:
            results.append({"model": candidate.source, **reports[candidate.label].to_dict()})
    if FLAGS.json:
        write_json({"scale": scale, "results": results}, FLAGS.json)


if __name__ == "__main__":
    run_app(main, positional=True)
