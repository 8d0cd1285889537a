"""What a picture's history costs: what networks gain over bicubic, for each kind of LR picture."""

import io
import re

import numpy as np
from comparison import BICUBIC, short_names
from PIL import Image
from tqdm import tqdm

from keras_secn.data.images import find_images
from keras_secn.metrics.protocol import bicubic_upscaler, read_ground_truth, score
from keras_secn.presets.store import list_presets, preset_card
from keras_secn.upscaling.condition import condition, smooth
from keras_secn.upscaling.upscaler import Upscaler
from keras_secn.utils.markdown import markdown_table

AUTO = "auto"  # what `keras-secn upscale` takes
WORDS = {
    "png": "clean (MATLAB's bicubic reduction)",
    r"jpeg(\d+)": "JPEG of quality {0}",
    r"webp(\d+)": "WebP of quality {0}",
    r"noise(\d+)": "noise of {0} gray levels",
    "(area|bilinear|lanczos)": "reduced by {0}",
    "bicubic_noaa": "reduced without antialiasing",
}


def measure(names, folders, kinds, scale, progress=True):
    """Scores models on every photograph and kind of LR picture, presets by their LiteRT files.

    Args:
        names: presets, `.keras` or `.tflite` files; `AUTO` for the command's own choice.
        folders: of ground truth photographs.
        kinds: see `parse_degradation`.
        scale: enlargement.
        progress: shows a bar.

    Returns:
        A list of dictionaries, one for each folder, kind, photograph and model, bicubic included:
        `folder`, `kind`, `photograph`, `model`, `psnr_y`, `ssim_y`, `psnr_rgb`, and of `AUTO`
        also `took` and `reason`.
    """
    upscalers = {name: Upscaler(None if name == AUTO else name, scale=scale) for name in names}
    paths = [(label, path) for label, folder in _labels(folders) for path in find_images(folder)]
    bar = tqdm(total=len(kinds) * len(paths), disable=None if progress else True)
    rows = []
    for kind in kinds:
        for folder, path in paths:
            truth = read_ground_truth(path, scale, kind)
            state = condition(truth.lr, _tables(kind), lossy=kind.startswith("webp"))
            # what several ways have in common is computed once
            scores = {BICUBIC: _scores(truth, bicubic_upscaler(scale), scale)}
            for name in (BICUBIC, *names):
                took, about = name, {}
                if name != BICUBIC:
                    upscaler, rough = upscalers[name], name == AUTO and not state.clean
                    smoothing = state.smoothing if name == AUTO else 0.0
                    chain = upscaler.networks.passes(scale, rough)
                    if name == AUTO or name in list_presets():
                        took = "+".join(
                            [*["smoothed"] * bool(smoothing), *(step.label for step in chain)]
                        )
                    if took not in scores:
                        scores[took] = _scores(truth, _bands(upscaler, rough, smoothing), scale)
                    about = {"took": took, "reason": state.reason} if name == AUTO else {}
                key = {"folder": folder, "kind": kind, "photograph": path.stem, "model": name}
                rows.append({**key, **scores[took], **about})
            bar.update()
    return rows


def _labels(folders):
    return zip(short_names([str(folder) for folder in folders]), folders, strict=True)


def _bands(upscaler, rough, smoothing):
    def upscale(lr):
        pixels = smooth(lr, smoothing) if smoothing else lr
        return np.concatenate(list(upscaler.bands(pixels, rough=rough)))

    return upscale


def _scores(truth, upscale, scale):
    row, picture = score(truth, upscale, scale)
    inner = slice(scale, -scale), slice(scale, -scale)
    error = np.mean((truth.hr[inner].astype(float) - picture[inner]) ** 2)
    rgb = 10 * np.log10(255**2 / max(error, 1e-9))
    return {"psnr_y": row["psnr_y"], "ssim_y": row["ssim_y"], "psnr_rgb": float(rgb)}


def _tables(kind):
    """The quantization tables that a JPEG of this kind has in its file."""
    if not kind.startswith("jpeg"):
        return None
    file = io.BytesIO()
    quality = int(kind.removeprefix("jpeg").split("_")[0])
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
    return Image.open(file).quantization


def summary(rows, names, scale):
    """Means over the photographs: what is written to a file and printed.

    Returns:
        A dictionary: `scale`, `weights` (the presets' checksums, from which the figures are), and
        `means`, dictionaries of `folders`, `photographs`, `kind`, `model` and the means of scores.
        Set5 and Set14, if both are there, count as one set of 19 photographs.
    """
    together = {"set5", "set14"}
    if not together <= {row["folder"].lower() for row in rows}:
        together = set()
    groups = {}
    for row in rows:
        folder = row["folder"]
        label = "Set5 and Set14" if folder.lower() in together else folder
        groups.setdefault((label, row["kind"], row["model"]), []).append(row)
    means = []
    for (label, kind, model), group in groups.items():
        mean = {
            metric: round(float(np.mean([row[metric] for row in group])), 4)
            for metric in ("psnr_y", "ssim_y", "psnr_rgb")
        }
        about = {"folders": label, "photographs": len(group), "kind": kind, "model": model}
        means.append({**about, **mean})
    used = {*names, *(part for row in rows for part in row.get("took", "").split("+"))}
    weights = {name: preset_card(name)["sha256"] for name in sorted(used & set(list_presets()))}
    return {"scale": scale, "weights": weights, "means": means}


def to_markdown(means):
    """Tables of what `summary` gave as `means`, one for each set: figures and gains.

    A cell has PSNR-Y, SSIM-Y and PSNR of RGB, and in brackets the gain in PSNR-Y.
    """
    parts = []
    for label in dict.fromkeys(row["folders"] for row in means):
        rows = [row for row in means if row["folders"] == label]
        cells = {(row["kind"], row["model"]): row for row in rows}
        models = list(dict.fromkeys(row["model"] for row in rows))
        lines = [
            [kind, *(_cell(cells[kind, model], cells[kind, BICUBIC]) for model in models)]
            for kind in dict.fromkeys(row["kind"] for row in rows)
        ]
        title = f"{label}, {rows[0]['photographs']} photographs"
        parts.append(f"**{title}**\n\n{markdown_table(['input', *models], lines)}")
    return "\n".join(parts)


def _cell(row, bicubic):
    figures = f"{row['psnr_y']:.2f} / {row['ssim_y']:.4f} / {row['psnr_rgb']:.2f}"
    return figures if row is bicubic else f"{figures} ({row['psnr_y'] - bicubic['psnr_y']:+.2f})"


def gains(means, label):
    """A table of gains over bicubic in PSNR-Y (dB) on one set, in brackets in PSNR of RGB.

    Empty if the set is not among the figures.
    """
    cells = {(r["kind"], r["model"]): r for r in means if r["folders"] == label}
    models = [model for model in dict.fromkeys(model for _, model in cells) if model != BICUBIC]
    lines = []
    for kind in dict.fromkeys(kind for kind, _ in cells):
        bicubic = cells[kind, BICUBIC]
        gain = [
            [cells[kind, model][metric] - bicubic[metric] for metric in ("psnr_y", "psnr_rgb")]
            for model in models
        ]
        lines.append([words(kind), *(f"{y:+.2f} ({rgb:+.2f})" for y, rgb in gain)])
    return markdown_table(["your picture", *models], lines) if lines else ""


def words(kind):
    """What a user calls a kind of LR picture."""
    for pattern, said in WORDS.items():
        match = re.fullmatch(pattern, kind)
        if match:
            return said.format(*match.groups())
    return kind
