"""PSNR-Y and SSIM-Y of networks on folders of photographs, by the literature's protocol.

    python training/evaluate.py --model runs/main/ct_secn_16/model.keras,bicubic --data_dir SET5

Several models come side by side; `bicubic` is the baseline. What a picture's history costs:

    python training/evaluate.py --model ct_secn_16,ct_secn_16_jpeg,auto --data_dir SET5 \\
      --degradation png,jpeg90,jpeg60,noise5

prints the gain over bicubic for each kind of input; `auto` is what `keras-secn upscale` takes. The
presets run by their LiteRT files.
"""

import contextlib
import pathlib

import comparison
from absl import flags
from comparison import BICUBIC
from drawn_pages import PAGES, page_folder
from inputs_table import AUTO, measure, summary, to_markdown

from keras_secn.data.degradation import parse_degradation
from keras_secn.metrics.protocol import write_json
from keras_secn.training.app import run_app
from keras_secn.upscaling.upscaler import Upscaler
from keras_secn.utils.errors import UserError

# beside the repository during development, see tests/conftest.py
SET5 = pathlib.Path(__file__).resolve().parents[2] / "shared" / "data" / "set5"

FLAGS = flags.FLAGS
flags.DEFINE_multi_string(
    "model", [], "A .keras file, a preset's name or bicubic; repeatable, or comma separated."
)
flags.DEFINE_multi_string(
    "data_dir",
    [],
    f"Folder of ground truth photographs, read recursively, or {PAGES}, which are drawn; "
    "repeatable.",
)
flags.DEFINE_integer("scale", None, "Enlargement; the networks' own if not given.")
flags.DEFINE_boolean("ensemble", False, "Average networks over eight flips and rotations.")
flags.DEFINE_integer(
    "pooling", None, "SE pools over windows of so many LR pixels (TLC), not the whole image."
)
flags.DEFINE_list(
    "degradation",
    [],
    "How LR comes to be: png, jpeg60, jpeg75_444, webp80, noise5, area, bicubic_noaa, ...",
)
flags.DEFINE_string("json", None, "Writes all figures to this file.")
flags.DEFINE_string("save_images", None, "Writes the pictures to this folder.")
flags.DEFINE_boolean("progress", True, "Shows progress bars.")


def print_inputs(names, folders, kinds):
    """Prints a table for each set of photographs, and writes the figures to --json."""
    for name in ("ensemble", "pooling", "save_images"):
        if FLAGS[name].value:
            raise UserError(f"--{name} does not go with --degradation")
    names = [name for name in names if name != BICUBIC]
    networks = [name for name in names if name != AUTO]
    for kind in kinds:
        parse_degradation(kind)  # an unknown one is refused before work starts
    comparison.check_paths(networks, folders, FLAGS.json)
    scales = {FLAGS.scale} if FLAGS.scale else {Upscaler(name).scale for name in networks} or {2}
    if len(scales) > 1:
        raise UserError(f"the networks enlarge {sorted(scales)} times: choose by --scale")
    (scale,) = scales
    figures = summary(measure(names, folders, kinds, scale, FLAGS.progress), names, scale)
    print("PSNR-Y (dB) / SSIM-Y / PSNR of RGB (dB), and in brackets the gain in PSNR-Y\n")
    print(to_markdown(figures["means"]), end="")
    if FLAGS.json:
        write_json(figures, FLAGS.json)


def main(argv):
    names = [name for value in FLAGS.model for name in value.split(",") if name]
    folders = FLAGS.data_dir or ([SET5] if SET5.is_dir() else [])
    if not names:
        raise UserError("--model is required: a .keras file, a preset's name or bicubic")
    if not folders:
        raise UserError("--data_dir is required: a folder of photographs")
    if FLAGS.scale not in (None, 2, 3, 4):
        raise UserError(f"--scale must be 2, 3 or 4, not {FLAGS.scale}")
    with page_folder() if PAGES in folders else contextlib.nullcontext() as drawn:
        run(names, [drawn if folder == PAGES else folder for folder in folders])


def run(names, folders):
    if FLAGS.degradation:
        print_inputs(names, folders, FLAGS.degradation)
        return
    if AUTO in names:
        raise UserError("auto chooses by the input: it goes with --degradation")
    comparison.check_paths(names, folders, FLAGS.json, FLAGS.save_images)
    candidates, scale = comparison.load_candidates(
        names, FLAGS.scale, FLAGS.ensemble, FLAGS.pooling
    )
    results = []
    for reports in comparison.compare(
        candidates, folders, scale, FLAGS.save_images, FLAGS.progress
    ):
        first = next(iter(reports.values()))
        print(f"## {first.folder}, x{scale}: PSNR-Y (dB) / SSIM-Y\n")
        print(comparison.comparison_table(reports), flush=True)
        for candidate in candidates:
            about = {"model": candidate.source, "parameters": candidate.parameters}
            results.append({**about, **reports[candidate.label].to_dict()})
    if FLAGS.json:
        write_json(
            {
                "scale": scale,
                "ensemble": FLAGS.ensemble,
                "pooling": FLAGS.pooling,
                "results": results,
            },
            FLAGS.json,
        )


if __name__ == "__main__":
    run_app(main)
