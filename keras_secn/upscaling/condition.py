"""Detects compressed, noisy or aliased pictures, which need another network than clean ones.

A network trained on clean pictures sharpens artifacts and noise. Detection uses JPEG's quantization
tables or a video's codec and bit rate first, then the pixels.
"""

from typing import NamedTuple

import numpy as np

from keras_secn.data.color import rgb_to_y
from keras_secn.upscaling.depth import rounded, white

# Luminance table of the JPEG standard (ITU-T T.81, Annex K), row by row as Pillow gives it.
STANDARD = np.array(
    [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55]
    + [14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62]
    + [18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92]
    + [49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99]
)
# Bits a pixel of a video, below which it gets the robust network. Those of H.264 and HEVC were
# measured on one moving photograph; the others are estimates.
ENOUGH_BITS = {"h264": 0.2, "hevc": 0.2, "vp9": 0.2, "av1": 0.2, "vp8": 0.3, "mpeg4": 0.5}
ENOUGH_BITS |= {"mpeg1video": 0.5, "mpeg2video": 0.5, "mjpeg": 1.5}
ENOUGH_ELSE = 1.0
GOOD = 93  # JPEG quality below which the robust network is better
SIDE = 512  # pixels of the sample that is looked at, from the picture's middle; of a band
LEAST = 48  # pixels a side; smaller pictures tell nothing
BLOCKY = 0.12  # gray levels by which the step at one of eight columns and rows stands out
SURE = 3.0  # standard errors by which it does
SHARP = 32  # gray levels of a step that no block makes, but an edge
COLOR_NOISE = 4.0  # gray levels by which colors differ at random in flat places
NOISY = 6.0  # gray levels of noise in the flattest fiftieth of the picture
SMALL = 128**2  # pixels; a smaller picture may have no flat part that tells noise from texture
ROUNDING = 1.0  # gray levels of noise, below which high frequencies say nothing
TINY = 0.02  # is added to powers, because 0 has no logarithm
# jaggedness from which a picture is smoothed
JAGGED, JAGGED_IF_SMALL = 0.21, 0.25
UNJAGGED = 0.12  # jaggedness of a clean picture
SMOOTHING = 0.4  # share of each neighbor in a smoothed pixel, for each unit above UNJAGGED
MOST_SMOOTHING = 0.1  # the largest such share
DRAWN = 0.35  # share of pixels that equal their neighbor: a drawing or a page, no photograph


class Condition(NamedTuple):
    """Which network is the right one, and why.

    Args:
        clean: whether the network for clean pictures is, or the robust one.
        reason: a few words to print: "JPEG of quality 75", "noise", ...
        smoothing: for `smooth`, if the picture was reduced with little or no antialiasing; else 0.
    """

    clean: bool
    reason: str
    smoothing: float = 0.0


def jpeg_quality(tables) -> int | None:
    """The quality, 1 to 100, that an encoder of the standard's tables was called with, or `None`.

    Tables are as Pillow's `image.quantization` has them; other encoders' go by their mean step.
    """
    table = next(iter(tables.values()), None) if tables else None
    if table is None or len(table) != 64:
        return None
    wanted = np.asarray(table, np.float64)
    qualities = np.arange(1, 101)
    factor = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    made = np.clip(np.floor((STANDARD * factor[:, None] + 50) / 100), 1, 255)
    distance = np.abs(np.log(made) - np.log(np.clip(wanted, 1, None))).mean(axis=1)
    return int(qualities[np.argmin(distance)])


def condition(pixels, tables=None, lossy: bool = False) -> Condition:
    """Judges a picture.

    Args:
        pixels: H x W x C of uint8, uint16 or float32 in 0..1; C of 1 to 4.
        tables: JPEG's quantization tables, if the file is one.
        lossy: the file is a WebP that was stored with loss.
    """
    quality = jpeg_quality(tables)
    if quality is not None and quality < GOOD:
        return Condition(False, f"JPEG of quality {quality}")
    if lossy:
        return Condition(False, "lossy WebP")
    sample = _sample(pixels)
    y = rgb_to_y(sample) if sample.shape[2] == 3 else sample[..., 0]
    if min(y.shape) >= LEAST:
        if quality is None and is_blocky(y):
            return Condition(False, "blocks of an earlier JPEG")
        is_small, colors = y.size < SMALL, color_noise(sample)
        is_noisy = noise_level(y, 0.02) > NOISY and (not is_small or not colors)
        if is_noisy or colors > COLOR_NOISE:
            return Condition(False, "noise")
        # what is transparent would shine through what is smoothed
        limit, jagged = JAGGED_IF_SMALL if is_small else JAGGED, jaggedness(y)
        if pixels.shape[2] in (1, 3) and jagged > limit and not is_drawn(sample):
            smoothing = min(MOST_SMOOTHING, SMOOTHING * (jagged - UNJAGGED))
            return Condition(True, "jagged edges", smoothing)
    return Condition(True, "clean" if quality is None else f"JPEG of quality {quality}")


def smooth(pixels, share):
    """A jagged picture as an antialiased reduction leaves it, which networks were trained on.

    `share` is that of each neighbor in a pixel, along rows and then along columns.
    """
    smoothed = np.empty_like(pixels)
    for top in range(0, len(pixels), SIDE):
        lines = np.arange(top - 1, min(top + SIDE, len(pixels)) + 1).clip(0, len(pixels) - 1)
        band = _between(pixels[lines].astype(np.float32), share)
        band = np.pad(band, ((0, 0), (1, 1), (0, 0)), "edge").swapaxes(0, 1)
        smoothed[top : top + SIDE] = rounded(_between(band, share).swapaxes(0, 1), pixels.dtype)
    return smoothed


def _between(lines, share):
    before, here, after = lines[:-2], lines[1:-1], lines[2:]
    return here + share * (before - 2 * here + after)


def video_condition(frame, codec, bits) -> Condition:
    """Judges a video by a frame and its file's bits for each pixel; `None` for a lossless codec."""
    state = condition(frame)
    if bits is None or not state.clean or bits >= ENOUGH_BITS.get(codec, ENOUGH_ELSE):
        return state
    return Condition(False, f"{codec} of {bits:.2f} bits a pixel")


def _sample(pixels):
    """The picture's middle in 0..255, gray or RGB, laid on gray where it is transparent."""
    height, width = pixels.shape[:2]
    top, left = max(0, height - SIDE) // 2, max(0, width - SIDE) // 2
    sample = pixels[top : top + SIDE, left : left + SIDE]
    sample = sample.astype(np.float64) * (255 / white(sample.dtype))
    if sample.shape[2] in (2, 4):
        opacity = sample[..., -1:] / 255
        sample = sample[..., :-1] * opacity + 128 * (1 - opacity)
    return sample


def is_blocky(y) -> bool:
    """Whether steps lie on one of eight columns, and on one of eight rows: JPEG's blocks."""
    for axis in (0, 1):
        lines = np.moveaxis(y, axis, 0)
        step = np.abs(np.diff(lines, axis=0))
        # the step at an edge, above the mean of its neighbors
        excess = np.clip(step[1:-1] - (step[:-2] + step[2:]) / 2, -4, 4)
        largest = np.maximum(np.maximum(step[:-2], step[1:-1]), step[2:])
        excess = np.where(largest > SHARP, 0, excess).mean(axis=1)
        rows = excess[: len(excess) // 8 * 8].reshape(-1, 8)
        means = np.sort(rows.mean(axis=0))
        least = max(BLOCKY, SURE * rows.std() / np.sqrt(len(rows)))
        if means[-1] - means[-2] < least:
            return False
    return True


def noise_level(y, flattest=0.1) -> float:
    """Standard deviation of the finest diagonal detail in the flattest part of the picture."""
    detail = (y[:-1:2, :-1:2] - y[1::2, :-1:2] - y[:-1:2, 1::2] + y[1::2, 1::2]) / 2
    height, width = (length // 8 for length in detail.shape)
    blocks = detail[: 8 * height, : 8 * width].reshape(height, 8, width, 8)
    return float(np.quantile(blocks.std(axis=(1, 3)), flattest))


def color_noise(sample) -> float:
    """`noise_level` of the colors, which in photographs change together; 0 for a gray picture."""
    if sample.shape[2] == 1:
        return 0.0
    red, green, blue = np.moveaxis(sample, 2, 0)
    return min(noise_level(red - green), noise_level(blue - green))


def is_drawn(sample) -> bool:
    """Whether areas are of one color exactly, as in a drawing, a page or a picture of a screen."""
    equal = [np.all(np.diff(sample, axis=axis) == 0, axis=2).mean() for axis in (0, 1)]
    return min(equal) > DRAWN


def jaggedness(y) -> float:
    """Power at the highest frequencies relative to that at half of them.

    A reduction with antialiasing leaves little of the former; one without, or a drawing without
    smooth edges, much. Geometric means, so that stripes, which are few strong frequencies, do not
    decide.
    """
    window = np.outer(*(np.hanning(length) for length in y.shape))
    power = np.abs(np.fft.rfft2((y - y.mean()) * window)) ** 2 / (window**2).sum()
    rows, columns = np.fft.fftfreq(y.shape[0]), np.fft.rfftfreq(y.shape[1])
    frequency = np.maximum(np.abs(rows)[:, None], columns)

    def mean(least, most):
        values = power[(frequency >= least) & (frequency <= most)]
        return np.exp(np.log(values + TINY).mean())

    high = mean(0.45, 0.5)
    # in a soft picture both are no more than rounding
    return float(high / mean(0.25, 0.3)) if high > ROUNDING**2 else 0.0
