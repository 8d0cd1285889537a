"""PSNR-Y and SSIM-Y of networks on folders of photographs, by the literature's protocol.

    python training/evaluate.py --model runs/main/ct_secn_16/model.keras,bicubic --data_dir SET5

Several models come side by side; `bicubic` is the baseline.

    python training/evaluate.py --table1 --data_dir SET5 --data_dir SET14

prints the paper's Table 1: every system that is a preset, or that a --model of its name
(vdsr/model.keras) stands for, beside the published figures; and plots PSNR against cost.

    python training/evaluate.py --table2 --data_dir SET5 --data_dir SET14

prints the paper's Table 2 from the presets: the cascade's stages and the network from scratch.
"""

import pathlib

from absl import flags

from keras_secn.metrics import compare
from keras_secn.metrics.protocol import write_json
from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError

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
flags.DEFINE_string("json", None, "Writes all figures to this file.")
flags.DEFINE_string("save_images", None, "Writes the pictures to this folder.")
flags.DEFINE_boolean("table1", False, "Prints and plots the paper's Table 1.")
flags.DEFINE_boolean("table2", False, "Prints and plots the paper's Table 2, from presets.")
flags.DEFINE_string(
    "plot", None, "Where the plot of --table1 or --table2 goes (table1.png, table2.png)."
)
flags.DEFINE_boolean("progress", True, "Shows progress bars.")


def main(argv):
    names = [name for value in FLAGS.model for name in value.split(",") if name]
    folders = FLAGS.data_dir or ([SET5] if SET5.is_dir() else [])
    if not names and not FLAGS.table1 and not FLAGS.table2:
        raise UserError("--model is required: a .keras file, a preset's name or bicubic")
    if not folders:
        raise UserError("--data_dir is required: a folder of photographs")
    if FLAGS.scale not in (None, 2, 3, 4):
        raise UserError(f"--scale must be 2, 3 or 4, not {FLAGS.scale}")

    compare.check_paths(names, folders, FLAGS.json, FLAGS.save_images)
    if FLAGS.table1:
        return print_table1(names, folders)
    if FLAGS.table2:
        return print_table2(folders)
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


def print_table1(files, folders):
    import table1

    rows = table1.table1(files, folders, FLAGS.progress)
    print("Ours, and in brackets the published figure: PSNR-Y (dB) / SSIM-Y, x2\n")
    print(table1.to_markdown(rows, folders))
    write_plot(table1.plot, rows, pathlib.Path(folders[0]).name, "table1.png")
    write_rows(rows, folders)


def print_table2(folders):
    import table2
    from throughput import machine

    rows = table2.table2(folders, FLAGS.progress)
    print(table2.to_markdown(rows, folders))
    print(f"seconds: on {machine()}")
    write_plot(table2.plot, rows, folders[0], "table2.png")
    write_rows(rows, folders)


def write_plot(plot, rows, folder, default):
    path = FLAGS.plot or default
    plot(rows, folder, path)
    print(f"written: {path}")


def write_rows(rows, folders):
    if FLAGS.json:
        write_json({"folders": [str(folder) for folder in folders], "rows": rows}, FLAGS.json)


if __name__ == "__main__":
    run_app(main)
