"""PSNR-Y and SSIM-Y of networks on folders of photographs, by the literature's protocol.

    python training/evaluate.py --model runs/main/ct_secn_16/model.keras,bicubic --data_dir SET5

Several models come side by side; `bicubic` is the baseline. What a picture's history costs:

    python training/evaluate.py --model ct_secn_16,ct_secn_16_jpeg,auto --data_dir SET5 \\
      --degradation png,jpeg90,jpeg60,noise5

prints the gain over bicubic for each kind of input; `auto` is what `keras-secn upscale` takes.
"""

import io
import pathlib

import numpy as np
from absl import flags
from PIL import Image
from tqdm import tqdm

from keras_secn.data.images import find_images
from keras_secn.metrics import compare
from keras_secn.metrics.protocol import bicubic_upscaler, read_ground_truth, write_json
from keras_secn.metrics.psnr_ssim import psnr_y
from keras_secn.training.app import run_app
from keras_secn.upscaling.condition import condition
from keras_secn.upscaling.upscaler import Upscaler
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table

AUTO = "auto"  # what `keras-secn upscale` takes

# beside the repository during development, see tests/conftest.py
SET5 = pathlib.Path(__file__).resolve().parents[2] / "shared" / "data" / "set5"

FLAGS = flags.FLAGS
flags.DEFINE_multi_string(
    "model", [], "A .keras file, a preset's name or bicubic; repeatable, or comma separated."
)
flags.DEFINE_multi_string(
    "data_dir", [], "Folder of ground truth photographs, read recursively; repeatable."
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


def table_of_inputs(names, folders, kinds, scale):
    """A Markdown table: for each kind of input bicubic's PSNR-Y, and what each model gains.

    Means over the photographs of all folders. In brackets the gain in PSNR of RGB.
    """
    networks, _ = compare.load_candidates([name for name in names if name != AUTO], scale)
    ways = {way.label: lambda lr, kind, up=way.upscale: up(lr) for way in networks}
    if AUTO in names:
        ways[AUTO] = own_choice(scale)
    bicubic = bicubic_upscaler(scale)
    paths = [path for folder in folders for path in find_images(folder)]
    bar = tqdm(total=len(kinds) * len(paths), disable=None if FLAGS.progress else True)
    lines = []
    for kind in kinds:
        rows = []
        for path in paths:
            truth = read_ground_truth(path, scale, kind)
            pictures = [bicubic(truth.lr), *(way(truth.lr, kind) for way in ways.values())]
            rows.append(
                [(psnr_y(truth.hr, sr, scale), _psnr_rgb(truth.hr, sr, scale)) for sr in pictures]
            )
            bar.update()
        means = np.mean(rows, axis=0)
        gains = [f"{y:+.2f} ({rgb:+.2f})" for y, rgb in means[1:] - means[0]]
        lines.append([kind, f"{means[0, 0]:.2f}", *gains])
    return markdown_table(["input", "bicubic (dB)", *ways], lines)


def own_choice(scale):
    """What the command does: tables and pixels of the LR picture choose the network."""
    upscaler = Upscaler(scale=scale)

    def upscale(lr, kind):
        tables = None
        if kind.startswith("jpeg"):
            quality = int(kind.removeprefix("jpeg").split("_")[0])
            buffer = io.BytesIO()
            Image.new("RGB", (8, 8)).save(buffer, "JPEG", quality=quality)
            tables = Image.open(buffer).quantization
        return np.concatenate(list(upscaler.bands(lr, rough=not condition(lr, tables).clean)))

    return upscale


def _psnr_rgb(hr, sr, shave):
    inner = slice(shave, hr.shape[0] - shave), slice(shave, hr.shape[1] - shave)
    error = np.mean((hr[inner].astype(float) - sr[inner]) ** 2)
    return 10 * np.log10(255**2 / max(error, 1e-9))


def main(argv):
    names = [name for value in FLAGS.model for name in value.split(",") if name]
    folders = FLAGS.data_dir or ([SET5] if SET5.is_dir() else [])
    if not names:
        raise UserError("--model is required: a .keras file, a preset's name or bicubic")
    if not folders:
        raise UserError("--data_dir is required: a folder of photographs")
    if FLAGS.scale not in (None, 2, 3, 4):
        raise UserError(f"--scale must be 2, 3 or 4, not {FLAGS.scale}")

    if FLAGS.degradation:
        print(table_of_inputs(names, folders, FLAGS.degradation, FLAGS.scale or 2))
        return
    if AUTO in names:
        raise UserError("auto chooses by the input: it goes with --degradation")
    compare.check_paths(names, folders, FLAGS.json, FLAGS.save_images)
    candidates, scale = compare.load_candidates(names, FLAGS.scale, FLAGS.ensemble, FLAGS.pooling)
    results = []
    for reports in compare.compare(candidates, folders, scale, FLAGS.save_images, FLAGS.progress):
        first = next(iter(reports.values()))
        print(f"## {first.folder}, x{scale}: PSNR-Y (dB) / SSIM-Y\n")
        print(compare.comparison_table(reports), flush=True)
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
