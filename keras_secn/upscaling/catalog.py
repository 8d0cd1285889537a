"""Which preset to use for what."""

from keras_secn import presets
from keras_secn.presets.lite_files import preset_file
from keras_secn.upscaling.engines.choose import DEFAULT

PICTURES = "For pictures (LiteRT)"
CASCADE = "The cascade, on Keras"
LITERATURE = "From papers, on Keras"
USES = {
    "secn": "the best, slow: --best",
    "ct_secn_16": "photographs",
    "ct_secn_16_x3": "x3",
    "ct_secn_16_x4": "x4",
    "ct_secn_16_jpeg": "compressed photographs",
    "pocket_secn_l_x4": "x4: many pictures, phones",
    "pocket_secn_l_jpeg": "many compressed pictures",
    "pocket_secn_l": "many pictures, phones: --fast",
    "pocket_secn_m": "many pictures, older phones",
    "pocket_secn_s": "videos",
}


def rows(timed=False):
    """Facts of each preset, by group and scale, the best first.

    Args:
        timed: measure how fast those are that have a LiteRT file, which takes seconds.

    Returns:
        A list of dictionaries: `name`, `group`, `use`, `default`, `scale`, `parameters`, `bytes`,
        `scores` and `seconds_per_megapixel` (`None` if it was not measured).

    Raises:
        UserError: a card or file is damaged.
    """
    found = [_row(name, timed) for name in presets.list_presets()]
    order = (PICTURES, CASCADE, LITERATURE)
    return sorted(found, key=lambda row: (order.index(row["group"]), row["scale"], -_psnr(row)))


def _row(name, timed):
    card = presets.preset_card(name)
    seconds = None
    if timed:
        from keras_secn.upscaling.speed import seconds_per_megapixel  # starts LiteRT

        seconds = seconds_per_megapixel(name)
    return {
        "name": name,
        "group": _group(name, card),
        "use": USES.get(name, ""),
        "default": name == DEFAULT,
        "scale": card["scale"],
        "parameters": card["parameters"],
        "bytes": presets.store.file_of(name, ".npz").stat().st_size,
        "scores": card.get("scores", {}),
        "seconds_per_megapixel": seconds,
    }


def _group(name, card):
    if preset_file(name).is_file():
        return PICTURES
    return CASCADE if card["factory"] in ("build_secn", "build_ct_secn") else LITERATURE


def _psnr(row):
    return next(iter(psnr_by_folder(row["scores"]).values()), 0)


def psnr_by_folder(scores):
    """PSNR-Y in dB by folder, of a card's `scores`."""
    values = {
        folder: score.get("psnr_y") if isinstance(score, dict) else score
        for folder, score in scores.items()
    }
    return {folder: value for folder, value in values.items() if isinstance(value, int | float)}
