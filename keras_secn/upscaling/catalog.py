"""Which preset to use for what."""

import time

import numpy as np

from keras_secn import presets
from keras_secn.presets.lite_files import preset_file
from keras_secn.upscaling.engines.choose import DEFAULT, choose_engine
from keras_secn.utils.printable import printable

SIDE, ROUNDS = 128, 3  # of what is timed
PICTURES = "For pictures (LiteRT)"
CASCADE = "The cascade, on Keras"
LITERATURE = "From papers, on Keras"
USES = {
    "secn": "the best, slow: --best",
    "ct_secn_16": "photographs",
    "secn_x3": "x3, the best: --best",
    "secn_x4": "x4, the best: --best",
    "ct_secn_16_x3": "x3",
    "ct_secn_16_x4": "x4",
    "pocket_secn_l_x3": "x3: many pictures, phones",
    "pocket_secn_m_x3": "x3: older phones",
    "ct_secn_16_jpeg": "compressed photographs",
    "pocket_secn_l_x4": "x4: many pictures, phones",
    "pocket_secn_m_x4": "x4: older phones",
    "pocket_secn_l_jpeg": "many compressed pictures",
    "pocket_secn_l": "many pictures, phones: --fast",
    "pocket_secn_m": "many pictures, older phones",
    "pocket_secn_s": "videos",
}


def rows(timed=False):
    """Facts of each preset (dictionaries), by group and scale, the best first.

    `timed`: measure how fast those are that have a LiteRT file, which takes seconds.
    """
    order = (PICTURES, CASCADE, LITERATURE)

    def place(row):
        psnr = next(iter(psnr_by_folder(row["scores"]).values()), 0)
        return order.index(row["group"]), row["scale"], -psnr

    return sorted((_row(name, timed) for name in presets.list_presets()), key=place)


def _row(name, timed):
    card, is_lite = presets.preset_card(name), preset_file(name).is_file()
    in_cascade = card["factory"] in ("build_secn", "build_ct_secn")
    return {
        "name": name,
        "group": PICTURES if is_lite else CASCADE if in_cascade else LITERATURE,
        "use": USES.get(name, ""),
        "default": name == DEFAULT,
        "scale": card["scale"],
        "parameters": card["parameters"],
        "bytes": presets.store.file_of(name, ".npz").stat().st_size,
        "scores": card.get("scores", {}),
        "seconds_per_megapixel": _seconds_per_megapixel(name) if timed and is_lite else None,
    }


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
    """Seconds for a million LR pixels on LiteRT: best of three tiles."""
    engine = choose_engine(name, "litert")
    picture = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.float32)
    gates = engine.pool(picture[None])
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        engine.tile(picture, gates)
        seconds.append(time.perf_counter() - started)
    return round(min(seconds) / SIDE**2 * 1e6, 2)


def table(rows, timed):
    """Lines of columns for a terminal, a block for each group."""
    lines, group = [], None
    for row in rows:
        if row["group"] != group:
            group = row["group"]
            lines += ["", _line(group, "scale", "parameters", "KB", "s/MP", "PSNR-Y", "", timed)]
        seconds = row["seconds_per_megapixel"]
        line = _line(
            row["name"] + (" (default)" if row["default"] else ""),
            f"x{row['scale']}",
            f"{row['parameters']:,}",
            row["bytes"] // 1000,
            "-" if seconds is None else f"{seconds:.1f}",
            shown(row["scores"]),
            row["use"],
            timed,
        )
        lines.append(line)
    lines += ["", "KB: the weights, in float16"]
    if timed:
        lines.append("s/MP: seconds per megapixel of the original on this machine, LiteRT")
    return "\n".join(lines[1:])


def _line(name, scale, parameters, size, seconds, psnr, use, timed):
    took = f"{seconds:>7}" if timed else ""
    line = f"{printable(name):<24}{scale:>6}{parameters:>12}{size:>7}{took}  {printable(psnr):<28}"
    return f"{line}{use}".rstrip()
