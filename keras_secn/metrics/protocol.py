"""The evaluation protocol: PSNR-Y and SSIM-Y as the literature computes them.

Ground truth cropped to a multiple of the scale; LR made of its RGB by MATLAB's bicubic `imresize`
on uint8, to the bit; both pictures compared in BT.601 studio-swing luminance, kept in float64; a
border of `scale` pixels shaved. Every PSNR in this repository comes from here; docs/protocol.md
compares its bicubic figures with the published ones.
"""

from __future__ import annotations

import dataclasses
import math
import os
import pathlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tqdm import tqdm

from keras_secn.data.degradation import parse_degradation
from keras_secn.data.dihedral import dihedral, undo_dihedral
from keras_secn.data.images import find_images, open_image, to_rgb
from keras_secn.data.imresize import imresize, modcrop
from keras_secn.metrics.psnr_ssim import SSIM_WINDOW, psnr_y, ssim_y
from keras_secn.utils import json_file
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table

if TYPE_CHECKING:
    import keras

    Path = str | os.PathLike[str]
    Upscale = Callable[[np.ndarray], np.ndarray]  # of an LR picture, (H, W, 3)


def to_uint8(image: np.ndarray) -> np.ndarray:
    """Float pixels as uint8: rounded half up and clipped."""
    return np.clip(np.floor(np.asarray(image, np.float32) + 0.5), 0, 255).astype(np.uint8)


def self_ensemble(upscale: Upscale) -> Upscale:
    """Geometric self-ensemble: the mean over the 8 flips and rotations (EDSR, section 3.4).

    Args:
        upscale: function of a float or uint8 H x W x 3 image that returns floats.

    Returns:
        A function of the same kind, eight times as slow.
    """

    def ensemble(image):
        total = 0.0
        for turn in range(8):
            result = undo_dihedral(upscale(dihedral(image, turn)), turn)
            total = total + result.astype(np.float64)
        return (total / 8).astype(np.float32)

    return ensemble


def image_upscaler(model: keras.Model, ensemble: bool = False) -> Upscale:
    """A function from a uint8 LR image (H x W x 3) to the uint8 picture that a network makes of it.

    Args:
        model: a Keras super-resolution network.
        ensemble: average over the eight flips and rotations.

    Raises:
        UserError: the model is not a super-resolution network.
    """
    from keras_secn.models.edsr_trunk import scale_of  # imports Keras

    scale_of(model)

    def upscale(image):
        # contiguous: Keras would copy a flipped view several times
        batch = np.ascontiguousarray(image, np.float32)[None]
        return model.predict_on_batch(batch)[0]

    upscale = self_ensemble(upscale) if ensemble else upscale
    return lambda image: to_uint8(upscale(image))


def bicubic_upscaler(scale: int) -> Upscale:
    """The baseline: MATLAB's bicubic `imresize` of RGB."""
    return lambda image: imresize(image, scale=scale)


class GroundTruth(NamedTuple):
    """A photograph and its LR version.

    Args:
        hr: uint8 H x W x 3, height and width multiples of the scale.
        lr: uint8, what MATLAB's `imresize` makes of it.
        gray: the file is grayscale: the network gets three equal channels, and gray levels are
            compared in full range, as in the published figures of Set14 (`bridge`).
    """

    hr: np.ndarray
    lr: np.ndarray
    gray: bool


def read_ground_truth(path: Path, scale: int, kind: str = "png") -> GroundTruth:
    """Reads a photograph, crops it and makes its LR image.

    Args:
        path: of the photograph.
        scale: 2, 3 or 4.
        kind: how LR comes to be, see `parse_degradation`; the literature's is "png".

    Raises:
        UserError: it is unreadable, or too small for SSIM's window within the shaved border.
    """
    image = open_image(path)
    hr = modcrop(to_rgb(image), scale)
    smallest = SSIM_WINDOW + 2 * scale
    if min(hr.shape[:2]) < smallest:
        size = f"{image.width}x{image.height}"
        raise UserError(f"{path}: {size} pixels, evaluation needs at least {smallest}x{smallest}")
    gray = image.mode in ("1", "L", "LA") or image.mode.startswith("I;16")
    return GroundTruth(hr, parse_degradation(kind)(hr, scale), gray)


def score(truth: GroundTruth, upscale: Upscale, shave: int) -> tuple[dict, np.ndarray]:
    """Scores an upscaler on one photograph.

    Args:
        truth: a `GroundTruth`.
        upscale: function of a uint8 LR image that returns the uint8 picture as large as `truth.hr`.
        shave: border in pixels that is left out.

    Returns:
        A dictionary of `height` and `width` (HR), `psnr_y`, `ssim_y` and `seconds`, the time the
        upscaler took, compilation included where the size was new to it; and the picture.
    """
    started = time.perf_counter()
    picture = upscale(truth.lr)
    seconds = time.perf_counter() - started
    hr, sr = truth.hr, picture
    if truth.gray:
        hr, sr = hr[..., 0], np.mean(sr, axis=2, dtype=np.float64)
    return {
        "height": hr.shape[0],
        "width": hr.shape[1],
        "psnr_y": psnr_y(hr, sr, shave),
        "ssim_y": ssim_y(hr, sr, shave),
        "seconds": seconds,
    }, picture


def image_names(paths, folder):
    """Unique names of photographs: paths within `folder`, without suffix if that is unique."""
    paths = [path.relative_to(folder if path != folder else path.parent) for path in paths]
    names = [path.with_suffix("").as_posix() for path in paths]
    return names if len(set(names)) == len(names) else [path.as_posix() for path in paths]


def evaluate(
    upscale: Upscale,
    folder: Path,
    scale: int = 2,
    progress: bool = False,
    keep: Callable[[str, np.ndarray], object] | None = None,
) -> Report:
    """Scores an upscaler on every photograph of a folder; one photograph in memory at a time.

    Args:
        upscale: function of a uint8 LR image that returns the uint8 picture, `scale` times as high
            and wide.
        folder: read recursively; or one file.
        scale: 2, 3 or 4.
        progress: shows a bar, if stderr is a terminal.
        keep: function that is given each photograph's name and picture, to save it.

    Returns:
        A `Report`.

    Raises:
        UserError: no folder, no image in it, an unreadable or too small one, or a picture of
            another size.
    """
    paths = find_images(folder)
    names = image_names(paths, pathlib.Path(folder))
    bar = tqdm(paths, disable=None if progress else True, unit="image", leave=False)
    truths = (read_ground_truth(path, scale) for path in bar)
    return _report(folder, names, truths, upscale, scale, keep)


def _report(folder, names, truths, upscale, shave, keep=None):
    rows = []
    for name, truth in zip(names, truths, strict=True):
        row, picture = score(truth, upscale, shave)
        rows.append({"name": name, **row})
        if keep:
            keep(name, picture)
    return Report(str(folder), rows)


class ValidationSet:
    """The photographs of a folder, read once and kept, for validation during training.

    Args:
        folder: read recursively.
        scale: 2, 3 or 4.
        kind: see `read_ground_truth`.

    Raises:
        UserError: as `evaluate`.
    """

    def __init__(self, folder: Path, scale: int = 2, kind: str = "png") -> None:
        self.folder = str(folder)
        self.scale = scale
        paths = find_images(folder)
        self.names = image_names(paths, pathlib.Path(folder))
        self.truths = [read_ground_truth(path, scale, kind) for path in paths]

    @property
    def photographs(self) -> list[np.ndarray]:
        """The HR photographs, cropped."""
        return [truth.hr for truth in self.truths]

    def evaluate(self, upscale: Upscale) -> Report:
        """Scores an upscaler on every photograph; a `Report`."""
        return _report(self.folder, self.names, self.truths, upscale, self.scale)

    def scores(self, model: keras.Model) -> dict[str, float]:
        """`val_psnr` and `val_ssim` of a Keras network, as training logs them."""
        report = self.evaluate(image_upscaler(model))
        return {"val_psnr": report.mean("psnr_y"), "val_ssim": report.mean("ssim_y")}


@dataclasses.dataclass(frozen=True)
class Report:
    """Scores of one upscaler on one folder: a row per photograph, see `score`."""

    folder: str
    rows: list[dict]

    def mean(self, column: str) -> float:
        return float(np.mean([row[column] for row in self.rows]))

    def to_markdown(self) -> str:
        """A table with a row per image and the mean."""
        columns = {
            "image": "{name}",
            "size": "{width}x{height}",
            "PSNR-Y (dB)": "{psnr_y:.2f}",
            "SSIM-Y": "{ssim_y:.4f}",
            "seconds": "{seconds:.2f}",
        }
        psnr, ssim, seconds = map(self.mean, ("psnr_y", "ssim_y", "seconds"))
        mean = f"| **mean** | | **{psnr:.2f}** | **{ssim:.4f}** | {seconds:.2f} |\n"
        return markdown_table(columns, self.rows) + mean

    def to_dict(self) -> dict:
        means = {column: self.mean(column) for column in ("psnr_y", "ssim_y", "seconds")}
        return {"folder": self.folder, "images": self.rows, "mean": means}

    def to_json(self, path: Path) -> None:
        """Writes `to_dict`, whole or not at all."""
        write_json(self.to_dict(), path)


def write_json(results: object, path: Path) -> None:
    """Writes results that `Report.to_dict` gave, whole or not at all; infinity becomes null."""
    json_file.write_json(_finite(results), path)


def _finite(value):
    # JSON has no infinity, the PSNR of a picture equal to its ground truth
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
