"""Reduces a stream of rows to an exact size: MATLAB's antialiased bicubic `imresize`."""

import numpy as np

from keras_secn.data.imresize import contributions
from keras_secn.upscaling.depth import rounded, white


def reduce_bands(bands, size, reduced):
    """Reduces a picture that comes as rows, from top to bottom, without holding it whole.

    Sizes are (height, width). With two or four channels, the last is alpha.
    """
    (height, width), (out_height, out_width) = size, reduced
    if tuple(size) == tuple(reduced):
        yield from bands
        return
    across = contributions(width, out_width, out_width / width)
    weights, indices = contributions(height, out_height, out_height / height)
    first, last = indices.min(axis=1), indices.max(axis=1)
    held, top, done = None, 0, 0  # rows from `top` on, reduced across already
    for band in bands:
        rows = band.astype(np.float32)
        if band.shape[2] in (2, 4):
            rows[..., :-1] *= rows[..., -1:]  # colors count by alpha
        rows = _summed(rows, 1, *across)
        held = rows if held is None else np.concatenate([held, rows])
        ready = int(np.searchsorted(last, top + len(held), side="left"))
        if ready > done:
            made = _summed(held, 0, weights[done:ready], indices[done:ready] - top)
            yield _pixels(made, band.dtype)
            done = ready
            if done < out_height:
                kept = int(first[done:].min()) - top
                held, top = held[kept:], top + kept


def _summed(lines, axis, weights, indices):
    """Weighted sums of rows (axis 0) or columns (axis 1)."""
    total = 0.0
    for weight, index in zip(weights.T.astype(np.float32), indices.T, strict=True):
        total = total + np.expand_dims(weight, (2, 1 - axis)) * lines.take(index, axis=axis)
    return total


def _pixels(total, dtype):
    if total.shape[2] in (2, 4):
        alpha = np.clip(total[..., -1:], 0, white(dtype))
        colors = total[..., :-1]
        seen = np.divide(colors, alpha, out=np.zeros_like(colors), where=alpha > 0)
        total = np.concatenate([seen, alpha], axis=2)
    return rounded(total, dtype)
