"""Deep compression of a network as a table: zeros, shared values, sizes, PSNR-Y.

    python tflite/compress.py --preset ct_secn_16 --data_dir SET5 --training_dir PHOTOS

Each row is one setting SPARSITY:CLUSTERS, trained on from the network itself.
"""

import pathlib
import sys

from absl import flags

from keras_secn.presets.load import load
from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table

# what scripts that evaluate share
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "training"))
from comparison import check_paths

FLAGS = flags.FLAGS
flags.DEFINE_string("preset", None, "Name of trained weights.")
flags.DEFINE_string("model", None, "A .keras file, instead of --preset.")
flags.DEFINE_list(
    "settings",
    "0.3:0,0.5:0,0:64,0:32,0.3:32,0.5:32",
    "SPARSITY:CLUSTERS, 0 for none, of each row after the first.",
)
flags.DEFINE_multi_string("data_dir", [], "Folder of ground truth photographs; repeatable.")
flags.DEFINE_multi_string("training_dir", [], "Training photographs; repeatable.")
flags.DEFINE_integer("steps", 300, "Steps of each training.", lower_bound=1)
flags.DEFINE_string("out_dir", "lite/compressed", "Where .tflite files and table.json go.")
flags.DEFINE_boolean("progress", True, "Shows progress bars.")


def parse_setting(text):
    """ "0.5:32" as (0.5, 32)."""
    try:
        sparsity, clusters = text.split(":")
        return float(sparsity), int(clusters)
    except ValueError:
        raise UserError(
            f"a setting is SPARSITY:CLUSTERS, for example 0.5:32, not {text!r}"
        ) from None


def _table(rows):
    """The table of `measures` with `name` and `psnr_y` (by folder's name)."""
    names = list(rows[0]["psnr_y"])
    head = ["network", "zeros", "values", "file (KB)", "deflated (KB)"]
    lines = []
    for row in rows:
        sizes = [f"{row[key] / 1000:.0f}" for key in ("bytes", "deflated")]
        scores = [f"{row['psnr_y'][name]:.2f}" for name in names]
        lines.append(
            [row["name"], f"{100 * row['sparsity']:.0f} %", str(row["values"]), *sizes, *scores]
        )
    return markdown_table([*head, *(f"{name} (dB)" for name in names)], lines)


def main(argv):
    if (FLAGS.preset is None) == (FLAGS.model is None):
        raise UserError("give either --preset or --model")
    if not FLAGS.data_dir or not FLAGS.training_dir:
        raise UserError("--data_dir and --training_dir are required: folders of photographs")
    settings = [parse_setting(text) for text in FLAGS.settings]
    out = pathlib.Path(FLAGS.out_dir)
    name = FLAGS.preset or FLAGS.model
    check_paths([name], [*FLAGS.data_dir, *FLAGS.training_dir], out / "table.json")

    # after the flags are checked: Keras takes seconds
    from network_size import measures

    from keras_secn.data.patches import open_photographs
    from keras_secn.lite import compression, distillation
    from keras_secn.lite.export import export
    from keras_secn.metrics.protocol import ValidationSet, image_upscaler, write_json
    from keras_secn.models.edsr_trunk import scale_of

    model = load(name)
    scale = scale_of(model)
    cache = open_photographs(FLAGS.training_dir, scale=scale, min_hr=distillation.HR_PATCH)
    sets = {pathlib.Path(path).name: ValidationSet(path, scale) for path in FLAGS.data_dir}
    rows = []
    for sparsity, clusters in [(0.0, 0), *settings]:
        small = compression.compress(
            model, cache, sparsity, clusters, FLAGS.steps, progress=FLAGS.progress
        )
        path = out / f"{model.name}_{sparsity:g}_{clusters}.tflite"
        export(small, path, progress=False)
        psnr = {
            key: truths.evaluate(image_upscaler(small)).mean("psnr_y")
            for key, truths in sets.items()
        }
        parts = [f"{100 * sparsity:g} % pruned"] * bool(sparsity)
        parts += [f"{clusters} values"] * bool(clusters)
        measured = measures(small, path.read_bytes())
        rows.append({"name": ", ".join(parts) or "as trained", **measured, "psnr_y": psnr})
    print(_table(rows))
    write_json({"model": name, "steps": FLAGS.steps, "rows": rows}, out / "table.json")


if __name__ == "__main__":
    run_app(main)
