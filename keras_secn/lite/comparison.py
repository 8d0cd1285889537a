"""One network in every kind of quantization: size, quality and latency side by side."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from keras_secn.lite.benchmark import time_files
from keras_secn.lite.export import BOUNDS, export
from keras_secn.lite.interpreter import LiteModel
from keras_secn.metrics.protocol import ValidationSet, image_upscaler
from keras_secn.models.edsr_trunk import scale_of
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table

if TYPE_CHECKING:
    import keras


def compare_kinds(
    model: keras.Model,
    folder: str | os.PathLike[str],
    photographs: Sequence[str | os.PathLike[str]],
    sizes: Sequence[tuple[int, int]],
    kinds: Sequence[str] = tuple(BOUNDS),
    threads: int = 2,
    rounds: int = 5,
    progress: bool = True,
    report: Callable[[str], object] | None = None,
    **options: Any,
) -> list[dict[str, Any]]:
    """Exports a network in several kinds, scores each on photographs and times them in turns.

    Args:
        model: a Keras super-resolution network.
        folder: where the `.tflite` files go, as `NAME_KIND.tflite`.
        photographs: folders of ground truth, for PSNR-Y by `keras_secn.metrics`.
        sizes: (height, width) of LR pictures to time; files that cannot are refused.
        kinds: see `keras_secn.lite.export`.
        threads, rounds: see `keras_secn.lite.benchmark`.
        progress: shows bars.
        report: function of a line of text, told what is being done.
        options: for `export`.

    Returns:
        A list of dictionaries, Keras first: `kind`, `bytes`, `psnr_y` (by folder's name),
        `difference` (to Keras, by folder's name), `median_ms` and `ratio` (to the first kind,
        by size as "HxW"), `check` (see `export`).

    Raises:
        UserError: as `export`; no kind, no photographs.
    """
    if not kinds or not photographs:
        raise UserError("a table needs at least one kind and one folder of photographs")
    say = report or (lambda text: None)
    scale = scale_of(model)
    sets = {pathlib.Path(path).name: ValidationSet(path, scale) for path in photographs}

    def score(upscale):
        return {name: truths.evaluate(upscale).mean("psnr_y") for name, truths in sets.items()}

    # all files first: what fails should fail before minutes of evaluation
    files, checks = {}, {}
    for kind in kinds:
        say(f"exporting {kind}")
        files[kind] = pathlib.Path(folder) / f"{model.name}_{kind}.tflite"
        checks[kind] = export(model, files[kind], kind, progress=progress, **options)["check"]
    say(f"{model.name}: PSNR-Y on {', '.join(sets)}")
    origin = score(image_upscaler(model))
    rows = [{"kind": "Keras", "psnr_y": origin}]
    for kind, path in files.items():
        say(f"{path.name}: PSNR-Y on {', '.join(sets)}")
        psnr = score(LiteModel(path, threads))
        rows.append(
            {
                "kind": kind,
                "bytes": path.stat().st_size,
                "psnr_y": psnr,
                "difference": {name: psnr[name] - origin[name] for name in sets},
                "median_ms": {},
                "ratio": {},
                "check": checks[kind],
            }
        )
    for size in sizes:
        text = f"{size[0]}x{size[1]}"
        say(f"latency at {text}")
        timed = time_files(list(files.values()), size, threads, rounds, progress)
        for row, seconds in zip(rows[1:], timed, strict=True):
            row["median_ms"][text] = seconds * 1e3
            row["ratio"][text] = seconds / timed[0]
    return rows


def to_markdown(rows):
    """The rows of `compare_kinds` as a table."""
    names, sizes = list(rows[0]["psnr_y"]), list(rows[-1]["median_ms"])
    head = ["kind", "size (KB)"]
    head += [text for name in names for text in (f"{name} (dB)", "to Keras")]
    head += [text for size in sizes for text in (f"{size} (ms)", "ratio")]
    lines = []
    for row in rows:
        cells = [row["kind"], f"{row['bytes'] / 1000:.0f}" if "bytes" in row else ""]
        for name in names:
            cells.append(f"{row['psnr_y'][name]:.2f}")
            cells.append(f"{row['difference'][name]:+.3f}" if "difference" in row else "")
        for size in sizes:
            cells.append(f"{row['median_ms'][size]:.0f}" if "median_ms" in row else "")
            cells.append(f"{row['ratio'][size]:.2f}" if "ratio" in row else "")
        lines.append(cells)
    return markdown_table(head, lines)
