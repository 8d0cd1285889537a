"""The evaluation protocol: PSNR-Y and SSIM-Y as the literature computes them.

x2, ground truth cropped to a multiple of the scale, LR made by MATLAB's bicubic `imresize`, both
pictures compared in BT.601 studio-swing luminance, a border of `scale` pixels shaved. The same
function gives every PSNR in this repository; on the bicubic baseline it prints the published
33.66 / 30.24 dB of Set5 / Set14 (33.68 / 30.24 by the RGB route, which is used throughout).
"""

import dataclasses
import json
import time

import numpy as np
from tqdm import tqdm

from .errors import UserError
from .files import atomic_path
from .images import find_images, open_image, to_rgb
from .imresize import imresize
from .models.skeleton import scale_of

# MATLAB's rgb2ycbcr, first row, for RGB in 0..255
_LUMA = np.array([65.481, 128.553, 24.966]) / 255.0


def rgb_to_y(image):
    """BT.601 studio-swing luminance in 16..235 as float64, not rounded.

    Args:
        image: H x W x 3 RGB in 0..255, or H x W, which is taken for luminance already.
    """
    image = np.asarray(image, np.float64)
    return image if image.ndim == 2 else image @ _LUMA + 16.0


def psnr_y(hr, sr, shave):
    """Peak signal-to-noise ratio of the luminance in dB, over a peak of 255.

    Args:
        hr, sr: pictures of the same size, see `rgb_to_y`.
        shave: border in pixels that is left out.
    """
    hr, sr = _shaved_luminance(hr, sr, shave)
    error = np.mean((hr - sr) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255.0**2 / error))


def ssim_y(hr, sr, shave):
    """Mean structural similarity of the luminance (Wang et al., 2004, `ssim_index.m`).

    Gaussian window of 11 x 11 and sigma 1.5, K = (0.01, 0.03), L = 255, valid region only.

    Args:
        hr, sr, shave: as in `psnr_y`; what is left must be at least 11 x 11.
    """
    x, y = _shaved_luminance(hr, sr, shave)
    if min(x.shape) < 11:
        raise UserError(f"SSIM needs at least 11x11 pixels within the border, not {x.shape}")
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_x, mean_y = _window_mean(x), _window_mean(y)
    variance_x = _window_mean(x * x) - mean_x**2
    variance_y = _window_mean(y * y) - mean_y**2
    covariance = _window_mean(x * y) - mean_x * mean_y
    similarity = ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    )
    return float(similarity.mean())


def _shaved_luminance(hr, sr, shave):
    if np.shape(hr)[:2] != np.shape(sr)[:2]:
        raise UserError(f"pictures differ in size: {np.shape(hr)[:2]} and {np.shape(sr)[:2]}")
    height, width = np.shape(hr)[:2]
    if min(height, width) <= 2 * shave:
        raise UserError(f"nothing is left of {height}x{width} pixels within a border of {shave}")
    inner = slice(shave, height - shave), slice(shave, width - shave)
    return rgb_to_y(hr)[inner], rgb_to_y(sr)[inner]


def _window_mean(image):
    taps = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    taps /= taps.sum()
    for axis in (0, 1):
        length = image.shape[axis] - 10
        image = sum(
            tap * np.take(image, np.arange(start, start + length), axis=axis)
            for start, tap in enumerate(taps)
        )
    return image


def modcrop(image, scale):
    """Crops height and width to multiples of `scale`, at the bottom and the right."""
    height, width = (length - length % scale for length in image.shape[:2])
    return image[:height, :width]


def to_uint8(image):
    """Float pixels as uint8: rounded half up and clipped."""
    return np.clip(np.floor(np.asarray(image, np.float32) + 0.5), 0, 255).astype(np.uint8)


def self_ensemble(upscale):
    """Geometric self-ensemble: the mean over the 8 flips and rotations (EDSR, section 3.4).

    Args:
        upscale: function of a float or uint8 H x W x 3 image that returns floats.

    Returns:
        A function of the same kind, eight times as slow.
    """

    def ensemble(image):
        total = 0.0
        for turns in range(4):
            for flip in (False, True):
                seen = np.rot90(image[:, ::-1] if flip else image, turns)
                result = np.rot90(upscale(seen), -turns)
                total = total + (result[:, ::-1] if flip else result).astype(np.float64)
        return (total / 8).astype(np.float32)

    return ensemble


def image_upscaler(model, ensemble=False):
    """A function from a uint8 LR image (H x W x 3) to the uint8 picture that a network makes of it.

    Args:
        model: a Keras super-resolution network.
        ensemble: average over the eight flips and rotations.

    Raises:
        UserError: the model is not a super-resolution network.
    """
    scale_of(model)

    def upscale(image):
        # contiguous, since views of flipped images are copied many times over otherwise
        batch = np.ascontiguousarray(image, np.float32)[None]
        return model.predict_on_batch(batch)[0]

    upscale = self_ensemble(upscale) if ensemble else upscale
    return lambda image: to_uint8(upscale(image))


def bicubic_upscaler(scale):
    """The baseline: MATLAB's bicubic `imresize` of RGB."""
    return lambda image: imresize(image, scale=scale)


class ValidationSet:
    """The photographs of a folder as ground truth and the LR images made of them.

    A grayscale file is compared as it is, its gray levels taken for luminance, which is how the
    published Set14 figures treat `bridge`; the network sees it as RGB.

    Args:
        folder: read recursively.
        scale: 2, 3 or 4.

    Raises:
        UserError: no folder, no image in it, an unreadable one, or one smaller than `scale`.
    """

    def __init__(self, folder, scale=2):
        self.folder = str(folder)
        self.scale = scale
        self.names, self.photographs, self.lows, self.gray = [], [], [], []
        for path in find_images(folder):
            image = open_image(path)
            hr = modcrop(to_rgb(image), scale)
            if 0 in hr.shape:
                raise UserError(f"{path}: smaller than {scale}x{scale} pixels")
            self.names.append(path.stem)
            self.photographs.append(hr)
            self.lows.append(imresize(hr, scale=1 / scale))
            self.gray.append(image.mode in ("L", "1"))

    def evaluate(self, upscale, progress=False):
        """Scores an upscaler on every photograph.

        Args:
            upscale: function of a uint8 LR image that returns the uint8 picture, `scale` times
                as high and wide.
            progress: shows a bar.

        Returns:
            A `Report`.
        """
        rows = []
        photographs = zip(self.names, self.photographs, self.lows, self.gray, strict=True)
        for name, hr, lr, gray in tqdm(
            photographs, total=len(self.names), disable=not progress, unit="image", leave=False
        ):
            started = time.perf_counter()
            sr = upscale(lr)
            seconds = time.perf_counter() - started
            if gray:
                # its three channels are equal but for what the network adds to them
                hr, sr = hr[..., 0], np.asarray(sr, np.float64).mean(axis=2)
            rows.append(
                {
                    "name": name,
                    "height": hr.shape[0],
                    "width": hr.shape[1],
                    "psnr_y": psnr_y(hr, sr, self.scale),
                    "ssim_y": ssim_y(hr, sr, self.scale),
                    "seconds": seconds,
                }
            )
        return Report(self.folder, rows)

    def scores(self, model):
        """`val_psnr` and `val_ssim` of a Keras network, as training logs them."""
        # keras compiles predict once per model; the wrapper costs nothing
        report = self.evaluate(image_upscaler(model))
        return {"val_psnr": report.mean("psnr_y"), "val_ssim": report.mean("ssim_y")}


@dataclasses.dataclass(frozen=True)
class Report:
    """Scores of one upscaler on one folder: a row per photograph."""

    folder: str
    rows: list

    def mean(self, column):
        return float(np.mean([row[column] for row in self.rows]))

    def to_markdown(self):
        """A table with a row per image and the mean."""
        lines = ["| image | size | PSNR-Y (dB) | SSIM-Y | seconds |", "|---|---|---|---|---|"]
        for row in self.rows:
            size = f"{row['width']}x{row['height']}"
            lines.append(
                f"| {row['name']} | {size} | {row['psnr_y']:.2f} | {row['ssim_y']:.4f} "
                f"| {row['seconds']:.2f} |"
            )
        lines.append(
            f"| **mean** | | **{self.mean('psnr_y'):.2f}** | **{self.mean('ssim_y'):.4f}** "
            f"| {self.mean('seconds'):.2f} |"
        )
        return "\n".join(lines) + "\n"

    def to_dict(self):
        means = {column: self.mean(column) for column in ("psnr_y", "ssim_y", "seconds")}
        return {"folder": self.folder, "images": self.rows, "mean": means}


def write_json(results, path):
    """Writes results that `Report.to_dict` gave, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(results, indent=1) + "\n")
