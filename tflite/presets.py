"""Makes LiteRT files of presets, float and int8, and writes checksums and scores into the cards.

    python tflite/presets.py --data_dir SET5 --data_dir SET14
    python tflite/presets.py --preset pocket_secn_l_x4 --data_dir SET5 --data_dir SET14

Without --preset, those of the pocket family and of all others that have an int8 file. Scores are
PSNR-Y on the folders and on pages of text that calibration did not see.
"""

import pathlib
import sys
import tempfile

from absl import flags

from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError

FLAGS = flags.FLAGS
flags.DEFINE_multi_string("preset", [], "Name of trained weights; repeatable.")
flags.DEFINE_multi_string("data_dir", [], "Folder of ground truth photographs; repeatable.")
flags.DEFINE_boolean("make", True, "Makes the files; else scores those that are there.")
flags.DEFINE_integer("threads", 2, "Threads of LiteRT.", lower_bound=1)

PAGE = (400, 480)  # HR pixels of a page that is scored
HELD_OUT = {"seed": 1, "zoom": 0.8}  # other words, shapes and sizes of letters


def main(argv):
    from keras_secn import presets
    from keras_secn.presets.lite_files import preset_file

    cards = {name: presets.preset_card(name) for name in FLAGS.preset or presets.list_presets()}
    if not FLAGS.preset:
        cards = {
            name: card
            for name, card in cards.items()
            if card["factory"] == "build_pocket_secn" or preset_file(name, "int8").is_file()
        }
    for folder in FLAGS.data_dir:
        if not pathlib.Path(folder).is_dir():
            raise UserError(f"no such folder: {folder}")
    print("| file | size (KB) | folder | PSNR-Y (dB) | to float |\n|---|---|---|---|---|")
    for name, card in cards.items():
        scores = _files(name, card["scale"])
        for file, entry in scores.items():
            for folder, score in entry["scores"].items():
                less = score["psnr_y"] - scores[f"{name}.tflite"]["scores"][folder]["psnr_y"]
                size = entry["bytes"] / 1000
                print(f"| {file} | {size:.0f} | {folder} | {score['psnr_y']:.3f} | {less:+.3f} |")
        sys.stdout.flush()


def _files(name, scale):
    """Makes and scores both files and writes the card; returns its new entries."""
    from int8_tiles import export_int8_tiles

    from keras_secn.lite.interpreter import LiteModel
    from keras_secn.presets import lite_files, preset_card
    from keras_secn.presets.load import load
    from keras_secn.upscaling.engines.export import export_tiles

    plain, integer = (lite_files.preset_file(name, kind) for kind in ("float32", "int8"))
    if FLAGS.make:
        export_tiles(load(name), plain)
        export_int8_tiles(load(name), integer)
    for path in (plain, integer):
        scores = _scores(LiteModel(path, FLAGS.threads), scale)
        lite_files.record(name, path, scores=scores)
    files = preset_card(name)["files"]
    return {path.name: files[path.name] for path in (plain, integer)}


def _scores(model, scale):
    from PIL import Image

    from keras_secn.lite.pages import page
    from keras_secn.metrics.protocol import ValidationSet

    with tempfile.TemporaryDirectory() as folder:
        pages = pathlib.Path(folder) / "pages"
        pages.mkdir()
        for number in range(3):
            Image.fromarray(page(PAGE, number, **HELD_OUT)).save(pages / f"{number}.png")
        return {
            pathlib.Path(path).name: {
                "psnr_y": round(ValidationSet(path, scale).evaluate(model).mean("psnr_y"), 4)
            }
            for path in [*FLAGS.data_dir, pages]
        }


if __name__ == "__main__":
    run_app(main)
