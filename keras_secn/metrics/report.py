"""Report of a run: table, plots and crops."""

import json

import numpy as np

from keras_secn.metrics.complexity import multiply_adds
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.json_file import write_json
from keras_secn.utils.local_scope import local_scope
from keras_secn.utils.markdown import markdown_table


def network_row(name, model, steps, validate):
    """A network's row for `table`, after so many optimizer steps in all."""
    with local_scope():
        scores = validate(model)
    return {
        "name": name,
        "parameters": model.count_params(),
        "multiply_adds": multiply_adds(model),
        "steps": steps,
        **{key: float(value) for key, value in scores.items()},
    }


def table(rows):
    """A Markdown table of `network_row`s shaped like the paper's Table 2: a column per network."""
    lines = [
        ["PSNR-Y (dB)", *(f"{row['val_psnr']:.2f}" for row in rows)],
        ["SSIM-Y", *(f"{row['val_ssim']:.4f}" for row in rows)],
        ["parameters", *(f"{row['parameters']:,}" for row in rows)],
        ["multiply-adds / LR pixel", *(f"{row['multiply_adds'] / 1e6:.3f} M" for row in rows)],
        ["steps in all", *(f"{row['steps']:,}" for row in rows)],
    ]
    return markdown_table(["", *(row["name"] for row in rows)], lines)


def write_table(rows, folder, settings):
    """Writes `table.md`, `table.json` (rows and settings) and `history.png` into `folder`.

    The latter shows the networks that have a `history.json` in a folder of their name.
    """
    with atomic_path(folder / "table.md") as path:
        path.write_text(table(rows))
    write_json({"settings": settings, "networks": rows}, folder / "table.json")
    histories = [(row["name"], read_history(folder / row["name"])) for row in rows]
    histories = [(name, history) for name, history in histories if history]
    if histories:
        plot_history(histories, folder / "history.png")


def read_history(folder):
    """Rows of a network's `history.json`, one per interval; none if it was not trained in steps."""
    path = folder / "history.json"
    return json.loads(path.read_text()) if path.exists() else []


def plot_history(histories, path):
    """A picture of validation PSNR-Y and loss over the steps of (name, rows of `history.json`)s."""
    from matplotlib.figure import Figure  # pyplot would change a notebook's own pictures

    figure = Figure((8, 6), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True)
    offset = 0
    for name, rows in histories:
        if name.endswith("scratch"):
            offset = 0
        steps = [offset + row["step"] for row in rows]
        # a stage that was validated once leaves a point
        style = ".--" if name.endswith("scratch") else ".-"
        top.plot(steps, [row.get("val_psnr", np.nan) for row in rows], style, label=name)
        bottom.plot(steps, [row["loss"] for row in rows], style)
        offset = steps[-1] if steps else offset
    top.set_ylabel("validation PSNR-Y (dB)")
    bottom.set_ylabel("L1 loss (gray levels)")
    bottom.set_xlabel("steps")
    top.legend(fontsize=7, ncols=2)
    for axes in (top, bottom):
        axes.grid(alpha=0.3)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)
