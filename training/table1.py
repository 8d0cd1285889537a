"""The paper's Table 1 with our own figures beside the published ones, and what each costs.

    python training/table1.py --data_dir SET5 --data_dir SET14

Every system is there that is a preset, or that a --model of its name (vdsr/model.keras) stands for.
Published are x2, PSNR-Y and SSIM-Y: PSNR of CT-SECN's Table 1 (Wu et al., 2018), the rest from the
systems' own papers. A dash stands where nothing is published or nothing of ours is trained.
"""

import pathlib

from absl import flags
from comparison import BICUBIC, check_paths, compare, load_candidates

from keras_secn.metrics.protocol import write_json
from keras_secn.presets.store import list_presets
from keras_secn.training.app import run_app
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.markdown import markdown_table

FLAGS = flags.FLAGS
SETS = ("set5", "set14", "bsd100", "urban100")
PUBLISHED = {
    "bicubic": ((33.66, 0.9299), (30.24, 0.8688), (29.56, 0.8431), (26.88, 0.8403)),
    "aplus": ((36.54, 0.9544), (32.28, 0.9056), (31.21, 0.8863), (29.20, 0.8938)),
    "srcnn_955": ((36.66, 0.9542), (32.42, 0.9063), (31.36, 0.8879), (29.50, 0.8946)),
    "fsrcnn": ((37.00, 0.9558), (32.63, 0.9088), (31.53, 0.8920), (29.88, 0.9020)),
    "vdsr": ((37.53, 0.9587), (33.03, 0.9124), (31.90, 0.8960), (30.76, 0.9140)),
    "drcn": ((37.63, 0.9588), (33.04, 0.9118), (31.85, 0.8942), (30.75, 0.9133)),
    "drrn": ((37.66, 0.9589), (33.19, 0.9133), (32.01, 0.8969), (31.02, 0.9164)),
    "lapsrn": ((37.52, 0.9591), (33.08, 0.9130), (31.80, 0.8952), (30.41, 0.9103)),
    "edsr": ((37.95, 0.9604), (33.57, 0.9175), (32.16, 0.8994), (31.98, 0.9272)),
    "secn": ((38.02, None), (33.59, None), (32.18, None), (32.15, None)),
    "ct_secn_16": ((37.86, None), None, None, None),
    "edsr_large": ((38.11, 0.9601), (33.92, 0.9195), (32.32, 0.9013), (32.93, 0.9351)),
    "secn_large": ((38.20, None), (33.96, None), (32.34, None), (32.95, None)),
}


def published(name, folder):
    """(PSNR-Y, SSIM-Y) that was published for a system on a folder of that name, or None."""
    place = pathlib.Path(folder).name.lower()
    if name not in PUBLISHED or place not in SETS:
        return None
    return PUBLISHED[name][SETS.index(place)]


def table1(files, folders, progress=False):
    """Evaluates all systems that are there.

    Returns a dictionary for each, in the table's order: `name`, `title`, `parameters`,
    `multiply_adds` (per LR pixel), `ours` and `published`, lists of (PSNR-Y, SSIM-Y) or None for
    each folder, and `seconds` for a picture of 128x128 LR pixels, or None.

    Raises:
        UserError: see `load_candidates` and `evaluate` of `keras_secn.metrics`.
    """
    # Keras takes seconds, for which --help does not wait
    from keras_secn.metrics.complexity import multiply_adds
    from keras_secn.metrics.timing import measured_seconds
    from keras_secn.models import registry

    presets = [name for name in registry.SYSTEMS if name in list_presets()]
    candidates, scale = load_candidates([BICUBIC, *presets, *map(str, files)], scale=2)
    # a file given by hand stands for the preset of its name
    systems = [BICUBIC, *registry.SYSTEMS]
    found = {_system_of(c.label, systems): c for c in candidates}
    found.pop(None, None)
    scores = {name: [] for name in found}
    for reports in compare(list(found.values()), folders, scale, progress=progress):
        for name, candidate in found.items():
            report = reports[candidate.label]
            scores[name].append((report.mean("psnr_y"), report.mean("ssim_y")))
    seconds = measured_seconds({name: candidate.upscale for name, candidate in found.items()})
    rows = []
    for name in systems:
        network = None if name == BICUBIC else registry.system(name).build()
        rows.append(
            {
                "name": name,
                "title": "Bicubic" if name == BICUBIC else registry.system(name).title,
                "parameters": network.count_params() if network else 0,
                "multiply_adds": round(multiply_adds(network)) if network else 0,
                "ours": scores.get(name, [None] * len(folders)),
                "published": [published(name, folder) for folder in folders],
                "seconds": seconds.get(name),
            }
        )
    return rows


def _system_of(label, systems):
    """The system that a short name such as `vdsr` or `first_vdsr` stands for, or None."""
    names = [n for n in systems if label == n or label.endswith(f"_{n}")]
    return max(names, key=len, default=None)


def to_markdown(rows, folders):
    """The table: ours and, in brackets, the published figure."""
    names = [pathlib.Path(folder).name for folder in folders]
    head = ["system", "parameters", "multiply-adds / LR pixel", *names, "seconds, 128x128"]
    lines = []
    for row in rows:
        pairs = zip(row["ours"], row["published"], strict=True)
        lines.append(
            [
                row["title"],
                f"{row['parameters']:,}",
                f"{row['multiply_adds'] / 1e6:.3f} M",
                *(f"{_cell(ours)} ({_cell(theirs)})" for ours, theirs in pairs),
                f"{row['seconds']:.3f}" if row["seconds"] else "-",
            ]
        )
    return markdown_table(head, lines)


def _cell(scores):
    if not scores:
        return "-"
    psnr, ssim = scores
    return f"{psnr:.2f} / " + (f"{ssim:.4f}" if ssim else "-")


def plot(rows, folder, path):
    """A picture of PSNR-Y on the first folder, of that name, by multiply-adds and by time."""
    from matplotlib.figure import Figure  # pyplot would change a notebook's own pictures

    figure = Figure((12, 5), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    panels = (
        (axes[0], "multiply_adds", "multiply-adds per LR pixel"),
        (axes[1], "seconds", "seconds for 128x128 LR pixels"),
    )
    for axis, cost, label in panels:
        for kind, style in (("ours", "o"), ("published", "s")):
            kept = [row for row in rows if row[kind][0] and row[cost]]
            # the literature's times are of other machines
            if kept and (kind, cost) != ("published", "seconds"):
                color = "tab:blue" if kind == "ours" else "tab:gray"
                points = [(r[cost], r[kind][0][0]) for r in kept]
                axis.plot(*zip(*points, strict=True), style, color=color, label=kind)
                for row, point in zip(kept, points, strict=True):
                    axis.annotate(
                        row["title"],
                        point,
                        textcoords="offset points",
                        xytext=(5, 4 if kind == "ours" else -10),
                        fontsize=7,
                        color=color,
                    )
        axis.set_xscale("log")
        axis.set_xlabel(label)
        axis.margins(x=0.15, y=0.1)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel(f"PSNR-Y on {folder} (dB)")
    axes[0].legend()
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)


def define_flags():
    flags.DEFINE_multi_string(
        "model", [], "A .keras file that stands for the system that its folder is named after."
    )
    flags.DEFINE_multi_string(
        "data_dir", None, "Folder of ground truth photographs; repeatable.", required=True
    )
    flags.DEFINE_string("plot", "table1.png", "Where the plot goes.")
    flags.DEFINE_string("json", None, "Writes all figures to this file.")
    flags.DEFINE_boolean("progress", True, "Shows progress bars.")


def main(argv):
    check_paths(FLAGS.model, FLAGS.data_dir, FLAGS.json)
    rows = table1(FLAGS.model, FLAGS.data_dir, FLAGS.progress)
    print("Ours, and in brackets the published figure: PSNR-Y (dB) / SSIM-Y, x2\n")
    print(to_markdown(rows, FLAGS.data_dir))
    plot(rows, pathlib.Path(FLAGS.data_dir[0]).name, FLAGS.plot)
    print(f"written: {FLAGS.plot}")
    if FLAGS.json:
        write_json({"folders": FLAGS.data_dir, "rows": rows}, FLAGS.json)


if __name__ == "__main__":
    define_flags()
    run_app(main)
