"""Which preset to use for what."""

import time

import numpy as np

from keras_secn import presets
from keras_secn.presets.lite_files import preset_file
from keras_secn.upscaling.engines.choose import DEFAULT, choose_engine

SIDE, ROUNDS = 128, 3  # of what is timed
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
    "pocket_secn_m_x4": "x4: older phones",
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
    return {
        "name": name,
        "group": _group(name, card),
        "use": USES.get(name, ""),
        "default": name == DEFAULT,
        "scale": card["scale"],
        "parameters": card["parameters"],
        "bytes": presets.store.file_of(name, ".npz").stat().st_size,
        "scores": card.get("scores", {}),
        "seconds_per_megapixel": _seconds_per_megapixel(name) if timed else None,
    }


def _group(name, card):
    if preset_file(name).is_file():
        return PICTURES
    return CASCADE if card["factory"] in ("build_secn", "build_ct_secn") else LITERATURE


def _psnr(row):
    return next(iter(psnr_by_folder(row["scores"]).values()), 0)


def shown(scores):
    """PSNR-Y in dB on Set5 and Set14, or on all folders of a card without these, as a text."""
    found = psnr_by_folder(scores)
    chosen = {name: found[name] for name in ("set5", "set14") if name in found} or found
    return ", ".join(f"{name} {value:.2f}" for name, value in chosen.items())


def psnr_by_folder(scores):
    """PSNR-Y in dB by folder, of a card's `scores`."""
    values = {
        folder: score.get("psnr_y") if isinstance(score, dict) else score
        for folder, score in scores.items()
    }
    return {folder: value for folder, value in values.items() if isinstance(value, int | float)}


def _seconds_per_megapixel(name):
    """Seconds for a million LR pixels on LiteRT, or `None` without a file: best of three tiles."""
    if not preset_file(name).is_file():
        return None
    engine = choose_engine(name, "litert")
    picture = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.float32)
    gates = engine.pool(picture[None])
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        engine.tile(picture, gates)
        seconds.append(time.perf_counter() - started)
    return round(min(seconds) / SIDE**2 * 1e6, 2)
