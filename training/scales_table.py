"""Every preset of the package at every scale beside bicubic, as it is shipped.

python training/scales_table.py --data_dir SET5 --data_dir SET14 --data_dir CHOOSE

LiteRT files are scored, by the protocol. Bicubic stands beside its published figures, which proves
the protocol; a preset whose card says something else than what is measured is named, and the
command fails.
"""

from absl import flags
from comparison import BICUBIC, check_paths, short_names

from keras_secn.metrics.protocol import ValidationSet, bicubic_upscaler, write_json
from keras_secn.presets.lite_files import preset_file
from keras_secn.presets.store import list_presets, preset_card
from keras_secn.training.app import run_app
from keras_secn.upscaling.upscaler import Upscaler
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table

FLAGS = flags.FLAGS
# PSNR-Y (dB) by scale, as in the papers of VDSR, LapSRN and EDSR
PUBLISHED = {
    "set5": {2: 33.66, 3: 30.39, 4: 28.42},
    "set14": {2: 30.24, 3: 27.55, 4: 26.00},
}
TOLERANCE = 0.01  # dB between a card, scored with Keras, and LiteRT


def rows_of(folders, scale):
    """Rows of one scale: bicubic first, then the presets from the best on.

    Args:
        folders: of ground truth photographs.
        scale: 2, 3 or 4.

    Returns:
        A list of dictionaries: `name`, `scale`, `parameters`, `multiply_adds`, and `scores`,
        from the folder's short name to {"psnr_y", "ssim_y"}.
    """
    sets = {
        label: ValidationSet(folder, scale)
        for label, folder in zip(short_names(folders), folders, strict=True)
    }

    def scored(name, upscale, card):
        reports = {label: photographs.evaluate(upscale) for label, photographs in sets.items()}
        scores = {
            label: {metric: report.mean(metric) for metric in ("psnr_y", "ssim_y")}
            for label, report in reports.items()
        }
        return {"name": name, "scale": scale, "scores": scores} | {
            key: card.get(key) for key in ("parameters", "multiply_adds")
        }

    found = []
    for name in list_presets():
        card = preset_card(name)
        if card["scale"] == scale and preset_file(name).is_file():
            found.append(scored(name, Upscaler(name), card))
    first = next(iter(sets))
    found.sort(key=lambda row: -row["scores"][first]["psnr_y"])
    return [scored(BICUBIC, bicubic_upscaler(scale), {}), *found]


def wrong_cards(rows):
    """What presets' cards say of a folder and measurement does not; a list of sentences."""
    wrong = []
    for row in rows:
        said = preset_card(row["name"])["scores"] if row["name"] != BICUBIC else {}
        for label, measured in row["scores"].items():
            card = said.get(label, {}).get("psnr_y", measured["psnr_y"])
            if abs(card - measured["psnr_y"]) > TOLERANCE:
                wrong.append(
                    f"{row['name']}: {label} {measured['psnr_y']:.3f} dB, its card {card:.3f}"
                )
    return wrong


def to_markdown(rows):
    """A table; bicubic's published figures in brackets."""
    labels = list(rows[0]["scores"])
    lines = []
    for row in rows:
        cells = []
        for label, score in row["scores"].items():
            known = PUBLISHED.get(label.lower(), {}) if row["name"] == BICUBIC else {}
            published = f" ({known[row['scale']]:.2f})" if row["scale"] in known else ""
            cells.append(f"{score['psnr_y']:.2f}{published} / {score['ssim_y']:.4f}")
        cost = ["", ""]
        if row["name"] != BICUBIC:
            cost = [f"{row['parameters']:,}", f"{row['multiply_adds'] / 1e6:.3f} M"]
        lines.append([f"x{row['scale']}", row["name"], *cost, *cells])
    return markdown_table(["scale", "network", "parameters", "multiply-adds", *labels], lines)


def define_flags():
    flags.DEFINE_multi_string(
        "data_dir", None, "Folder of ground truth photographs; repeatable.", required=True
    )
    flags.DEFINE_list("scale", ["2", "3", "4"], "Which enlargements.")
    flags.DEFINE_string("json", None, "Writes all figures to this file.")


def main(argv):
    check_paths([], FLAGS.data_dir, FLAGS.json)
    known = {"2", "3", "4"}
    if not FLAGS.scale or not set(FLAGS.scale) <= known:
        raise UserError(f"--scale takes some of 2, 3 and 4, not {','.join(FLAGS.scale)}")
    rows = [row for scale in FLAGS.scale for row in rows_of(FLAGS.data_dir, int(scale))]
    print("PSNR-Y (dB; published in brackets) / SSIM-Y; multiply-adds per LR pixel\n")
    print(to_markdown(rows))
    if FLAGS.json:
        write_json({"rows": rows}, FLAGS.json)
    wrong = wrong_cards(rows)
    if wrong:
        raise UserError("; ".join(wrong))


if __name__ == "__main__":
    define_flags()
    run_app(main)
