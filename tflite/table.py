"""The LiteRT files of all presets of one scale: size, PSNR-Y, and latency beside EDSR F32 B5's.

    python tflite/table.py --scale 2 --out tflite/table_x2.md

Sizes and scores are those that tflite/presets.py wrote into the cards. Latency is measured, all
files in turns; `--time=false` keeps what stands in the table already. EDSR F32 B5 in int8 is what
phones are usually measured with; it gets small random weights, which do not change its time.
"""

import datetime
import pathlib
import sys
import tempfile

from absl import flags

from keras_secn.training.app import run_app
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table
from keras_secn.utils.sizes import parse_size

FLAGS = flags.FLAGS
flags.DEFINE_integer("scale", 2, "Of the presets.", lower_bound=2)
flags.DEFINE_list("sizes", ["270x480", "540x960"], "HxW of LR pictures to time.")
flags.DEFINE_integer("threads", 2, "Threads of LiteRT.", lower_bound=1)
flags.DEFINE_integer("rounds", 5, "Runs of each file.", lower_bound=1)
flags.DEFINE_string("out", None, "Writes the table to this file instead of the screen.")
flags.DEFINE_boolean("time", True, "Times the files; else keeps the latencies in --out.")
flags.DEFINE_boolean("progress", True, "Shows a progress bar.")

FOLDERS = ("set5", "set14", "pages")
REFERENCE = "EDSR F32 B5, int8"


def main(argv):
    files = _files(FLAGS.scale)
    if not files:
        raise UserError(f"no preset of x{FLAGS.scale} has a LiteRT file")
    if FLAGS.time:
        latency, sizes, note = _timed([path for path, _ in files])
    else:
        latency, sizes, note = _kept(FLAGS.out)
    head = ["file", "KB", "Set5 (dB)", "Set14 (dB)", "pages (dB)"]
    for text in sizes:
        head += [f"{text} (ms)", "to float", "to EDSR"]
    described = [_described(path, facts) for path, facts in files]
    rows = [[REFERENCE, *[""] * (1 + len(FOLDERS))], *described] if sizes else described
    nothing = [""] * (3 * len(sizes))
    rows = [[*row, *latency.get(row[0], nothing)] for row in rows]
    table = f"{markdown_table(head, rows)}\n{note}\n"
    if FLAGS.out:
        with atomic_path(pathlib.Path(FLAGS.out)) as temporary:
            temporary.write_text(table, encoding="utf-8")
    else:
        sys.stdout.write(table)


def _timed(paths):
    """{row's name: cells}, the sizes, and how it was measured."""
    from keras_secn.lite.interpreter import LiteModel
    from keras_secn.metrics.timing import machine, measured_seconds
    from keras_secn.upscaling.engines.litert import lite_engine

    sizes = [parse_size(text) for text in FLAGS.sizes]
    names = [REFERENCE, *(f"`{path.name}`" for path in paths)]
    cells = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        reference = _reference(FLAGS.scale, pathlib.Path(folder) / "edsr.tflite")
        # as `upscale` runs them: float files by their fused signature
        engines = [lite_engine(path, FLAGS.threads) for path in paths]
        models = [LiteModel(reference, FLAGS.threads), *map(_upscaler, engines)]
        models = dict(zip(names, models, strict=True))
        for size in sizes:
            seconds = measured_seconds(models, size, FLAGS.rounds, FLAGS.progress)
            for name, value in seconds.items():
                plain = seconds.get(name.replace("_int8", ""))
                ratio = f"{value / plain:.2f}" if plain else ""
                to_edsr = f"{value / seconds[REFERENCE]:.2f}"
                cells[name] += [f"{1e3 * value:.0f}", ratio, to_edsr]
    note = (
        f"Medians of {FLAGS.rounds} rounds in turns, {FLAGS.threads} threads: {machine()},"
        f" {datetime.date.today()}."
    )
    return cells, FLAGS.sizes, note


def _upscaler(engine):
    return lambda picture: engine.whole(picture.astype("float32"))


def _kept(path):
    """The same, of a table that was written before; nothing without one."""
    if path is None or not pathlib.Path(path).is_file():
        return {}, [], "Not timed yet."
    *lines, _, note = pathlib.Path(path).read_text(encoding="utf-8").rstrip().splitlines()
    head, _, *rows = [[c.strip() for c in line.strip().strip("|").split("|")] for line in lines]
    start = 2 + len(FOLDERS)
    sizes = [text.removesuffix(" (ms)") for text in head[start::3]]
    return {row[0]: row[start:] for row in rows}, sizes, note


def _files(scale):
    """(path, the card's entry) of the files of all presets of a scale."""
    from keras_secn import presets
    from keras_secn.presets import store

    cards = [presets.preset_card(name) for name in presets.list_presets()]
    return [
        (store.file_of(card["name"], ".json").with_name(name), facts)
        for card in cards
        if card["scale"] == scale
        for name, facts in card.get("files", {}).items()
    ]


def _described(path, facts):
    scores = facts.get("scores", {})
    psnr = [scores.get(folder, {}).get("psnr_y") for folder in FOLDERS]
    cells = ["" if value is None else f"{value:.2f}" for value in psnr]
    return [f"`{path.name}`", f"{facts['bytes'] / 1000:,.0f}", *cells]


def _reference(scale, path):
    import numpy as np

    from keras_secn.lite.export import export
    from keras_secn.models.mobile import build_edsr_mobile

    model, random = build_edsr_mobile(scale=scale), np.random.default_rng(0)
    # smaller than at the start of training: a wild picture would not pass export's check
    model.set_weights([w / 2 + random.normal(0, 0.005, w.shape) for w in model.get_weights()])
    pictures = [random.integers(0, 256, (96, 96, 3), np.uint8)]
    export(model, path, "int8", representative=pictures, progress=False)
    return path


if __name__ == "__main__":
    run_app(main)
