"""The paper's Table 2 from the shipped presets: what each stage of the cascade gives and costs.

    python training/table2.py --data_dir SET5 --data_dir SET14

The plot's line joins the presets by their size and is no cascade: ct_secn_4, ct_secn_8 and
ct_secn_12 were made from ct_secn_16. ct_secn_16_scratch had fewer steps than the others.
"""

import pathlib

from absl import flags
from comparison import check_paths, compare, load_candidates
from table1 import PUBLISHED, published

from keras_secn.metrics.protocol import write_json
from keras_secn.presets.store import list_presets, preset_card
from keras_secn.training.app import run_app
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.markdown import markdown_table

FLAGS = flags.FLAGS
flags.DEFINE_multi_string(
    "data_dir", None, "Folder of ground truth photographs; repeatable.", required=True
)
flags.DEFINE_string("plot", "table2.png", "Where the plot goes.")
flags.DEFINE_string("json", None, "Writes all figures to this file.")
flags.DEFINE_boolean("progress", True, "Shows progress bars.")
NAMES = ("secn", "ct_secn_4", "ct_secn_8", "ct_secn_12", "ct_secn_16", "ct_secn_16_scratch")
# Table 2 of Wu et al. (2018), PSNR-Y on Set5
PAPER = dict(zip(NAMES, (38.02, 38.01, 38.00, 37.94, 37.86, 37.46), strict=True))
# parameters and Set5 as published, all trained on DIV2K or larger sets (IMDN: Hui et al., 2019)
OTHERS = {
    "VDSR": (665e3, PUBLISHED["vdsr"][0][0]),
    "DRRN B1U25": (297e3, 37.74),
    "LapSRN, to x8": (812e3, 37.53),
    "IMDN": (694e3, 38.00),
    "EDSR B16F64": (1370e3, PUBLISHED["edsr"][0][0]),
}
LR_720P = (360, 640)  # of a result of 1280x720


def table2(folders, progress=False):
    """Evaluates the presets of Table 2 that are there.

    Returns a dictionary for each: `name`, `parameters`, `multiply_adds` (per LR pixel), `scores`
    (a list of (PSNR-Y, SSIM-Y), one per folder), `paper` (Set5), `seconds` for a result of
    1280x720, and `steps` of training.
    """
    # Keras takes seconds, for which --help does not wait
    from keras_secn.metrics.complexity import multiply_adds
    from keras_secn.metrics.timing import measured_seconds
    from keras_secn.presets.load import load

    names = [name for name in NAMES if name in list_presets()]
    candidates, scale = load_candidates(names, scale=2)
    scores = {candidate.label: [] for candidate in candidates}
    for reports in compare(candidates, folders, scale, progress=progress):
        for label, report in reports.items():
            scores[label].append((report.mean("psnr_y"), report.mean("ssim_y")))
    seconds = measured_seconds({c.label: c.upscale for c in candidates}, LR_720P, rounds=3)
    return [
        {
            "name": name,
            "parameters": candidate.parameters,
            "multiply_adds": round(multiply_adds(load(name))),
            "scores": scores[candidate.label],
            "paper": PAPER[name],
            "seconds": seconds[candidate.label],
            "steps": preset_card(name)["training"].get("steps"),
        }
        for name, candidate in zip(names, candidates, strict=True)
    ]


def to_markdown(rows, folders):
    """The table, a column per network as in the paper."""
    lines = []
    for index, folder in enumerate(folders):
        name = pathlib.Path(folder).name
        lines.append([f"{name}, PSNR-Y (dB)", *(f"{r['scores'][index][0]:.2f}" for r in rows)])
        lines.append([f"{name}, SSIM-Y", *(f"{r['scores'][index][1]:.4f}" for r in rows)])
    lines += [
        ["Set5 in the paper (DIV2K)", *(f"{row['paper']:.2f}" for row in rows)],
        ["parameters", *(f"{row['parameters']:,}" for row in rows)],
        ["multiply-adds / LR pixel", *(f"{row['multiply_adds'] / 1e6:.3f} M" for row in rows)],
        ["seconds to 1280x720", *(f"{row['seconds']:.2f}" for row in rows)],
        ["steps of training", *(f"{row['steps']:,}" for row in rows)],
    ]
    return markdown_table(["", *(row["name"] for row in rows)], lines)


def plot(rows, folder, path):
    """A picture of PSNR-Y on the first folder against parameters.

    Beside ours stand the paper's and others' published figures, if the folder is Set5.
    """
    from matplotlib.figure import Figure  # pyplot would change a notebook's own pictures

    figure = Figure((8, 5), layout="constrained")
    axes = figure.subplots()
    pretrained = [row for row in rows if row["name"] != "ct_secn_16_scratch"]
    series = [("ours, from a trained network", "o-", pretrained, lambda row: row["scores"][0][0])]
    scratch = [row for row in rows if row not in pretrained]
    series.append(("ours, from scratch, few steps", "^", scratch, lambda row: row["scores"][0][0]))
    if published("bicubic", folder) == PUBLISHED["bicubic"][0]:
        series.append(("the paper (DIV2K)", "s--", pretrained, lambda row: row["paper"]))
    for label, style, points, value in series:
        xs, ys = [row["parameters"] / 1e3 for row in points], [value(row) for row in points]
        axes.plot(xs, ys, style, label=label, alpha=0.5 if "paper" in label else 1)
    for row in rows:
        place = (row["parameters"] / 1e3, row["scores"][0][0])
        larger = [r for r in pretrained if r["parameters"] > row["parameters"]]
        right = min(larger, key=lambda r: r["parameters"], default=row)
        # away from the line that leaves to the right
        offset = (4, 6) if right["scores"][0][0] < place[1] else (4, -12)
        axes.annotate(row["name"], place, textcoords="offset points", xytext=offset, fontsize=8)
    if len(series) == 3:
        for name, (parameters, psnr) in OTHERS.items():
            axes.plot(parameters / 1e3, psnr, "D", color="tab:gray")
            axes.annotate(
                name,
                (parameters / 1e3, psnr),
                textcoords="offset points",
                xytext=(5, 5),
                fontsize=8,
                color="tab:gray",
            )
        axes.plot([], [], "D", color="tab:gray", label="published by others (DIV2K or 291)")
    axes.set_xlabel("parameters (thousand)")
    axes.set_ylabel(f"PSNR-Y on {pathlib.Path(folder).name} (dB)")
    axes.margins(x=0.1, y=0.12)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize=8)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)


def main(argv):
    from keras_secn.metrics.timing import machine

    check_paths([], FLAGS.data_dir, FLAGS.json)
    rows = table2(FLAGS.data_dir, FLAGS.progress)
    print(to_markdown(rows, FLAGS.data_dir))
    print(f"seconds: on {machine()}")
    plot(rows, FLAGS.data_dir[0], FLAGS.plot)
    print(f"written: {FLAGS.plot}")
    if FLAGS.json:
        write_json({"folders": FLAGS.data_dir, "rows": rows}, FLAGS.json)


if __name__ == "__main__":
    run_app(main)
