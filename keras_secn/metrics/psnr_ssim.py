"""PSNR and SSIM of the luminance, as the literature computes them."""

import numpy as np

from keras_secn.data.color import rgb_to_y
from keras_secn.utils.errors import UserError

SSIM_WINDOW = 11


def psnr_y(hr: np.ndarray, sr: np.ndarray, shave: int) -> float:
    """Peak signal-to-noise ratio of the luminance in dB, over a peak of 255.

    Args:
        hr, sr: pictures of the same size, see `rgb_to_y`.
        shave: border in pixels that is left out.
    """
    hr, sr = _shaved_luminance(hr, sr, shave)
    error = np.mean((hr - sr) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255.0**2 / error))


def ssim_y(hr: np.ndarray, sr: np.ndarray, shave: int) -> float:
    """Mean structural similarity of the luminance (Wang et al., 2004, `ssim_index.m`).

    Gaussian window of 11 x 11 and sigma 1.5, K = (0.01, 0.03), L = 255, valid region only.

    Args:
        hr, sr, shave: as in `psnr_y`; what is left must be at least 11 x 11.
    """
    x, y = _shaved_luminance(hr, sr, shave)
    if min(x.shape) < SSIM_WINDOW:
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
    taps = np.exp(-((np.arange(SSIM_WINDOW) - SSIM_WINDOW // 2) ** 2) / (2 * 1.5**2))
    taps /= taps.sum()
    for axis in (0, 1):
        length = image.shape[axis] - SSIM_WINDOW + 1
        image = sum(
            tap * np.take(image, np.arange(start, start + length), axis=axis)
            for start, tap in enumerate(taps)
        )
    return image
