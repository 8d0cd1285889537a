"""The report of a cascade: table, plots, and crops side by side."""

import dataclasses
import pathlib

import numpy as np

from keras_secn.data.imresize import imresize, modcrop
from keras_secn.metrics.crops import crops_picture
from keras_secn.metrics.protocol import image_upscaler
from keras_secn.metrics.report import write_table
from keras_secn.presets.keras_file import load_checked
from keras_secn.utils.atomic_file import atomic_path


def write_report(rows, folder, settings, photographs):
    """Writes the table, the plots and the picture of crops into the run's folder.

    Args:
        rows: what `run_cascade` returned.
        folder: the run's folder.
        settings: the run's `CascadeSettings`.
        photographs: a few HR validation photographs, uint8 HxWx3.
    """
    folder = pathlib.Path(folder)
    write_table(rows, folder, dataclasses.asdict(settings))
    plot_psnr_against_parameters(rows, folder / "psnr_parameters.png")

    originals = [modcrop(image, settings.scale) for image in photographs]
    lows = [imresize(image, scale=1 / settings.scale) for image in originals]
    columns = [("bicubic", [imresize(image, scale=settings.scale) for image in lows])]
    for row in rows:
        path = folder / row["name"] / "model.keras"
        if path.exists():
            upscale = image_upscaler(load_checked(path))
            columns.append((row["name"], [np.asarray(upscale(image)) for image in lows]))
    crops_picture([*columns, ("HR", originals)], folder / "crops.png")


def plot_psnr_against_parameters(rows, path):
    """A picture of PSNR-Y against parameters, the cascade joined by a line.

    A row without parameters, such as bicubic's, is a level to compare with: the axis reaches down
    to it, so that gains are seen at their true size.
    """
    from matplotlib.figure import Figure  # pyplot would change a notebook's own pictures

    figure = Figure((7, 4.5), layout="constrained")
    axes = figure.subplots()
    for row in rows:
        if not row["parameters"]:
            axes.axhline(row["val_psnr"], color="gray", linestyle="--", label=row["name"])
    rows = [row for row in rows if row["parameters"]]
    cascade = [row for row in rows if not row.get("from_scratch")]
    axes.plot(
        [row["parameters"] / 1e3 for row in cascade],
        [row["val_psnr"] for row in cascade],
        "o-",
        label="cascade",
    )
    for row in rows:
        point = (row["parameters"] / 1e3, row["val_psnr"])
        if row.get("from_scratch"):
            axes.plot(*point, "s", color="tab:red", label=f"from scratch, {row['steps']:,} steps")
        axes.annotate(row["name"], point, textcoords="offset points", xytext=(5, -12), fontsize=8)
    axes.set_xlabel("parameters (thousand)")
    axes.set_ylabel("validation PSNR-Y (dB)")
    axes.margins(x=0.12, y=0.15)
    axes.grid(alpha=0.3)
    axes.legend()
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)
