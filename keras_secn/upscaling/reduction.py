"""Reduces a stream of rows to an exact size: MATLAB's antialiased bicubic `imresize`."""

import numpy as np

from keras_secn.data.imresize import contributions


def reduce_bands(bands, size, reduced):
    """Reduces a picture that comes as rows, from top to bottom, without holding it whole.

    Args:
        bands: iterable of arrays (h, W, C) of one type: uint8, uint16 or float32. With two or four
            channels, the last is alpha, and colors count by it.
        size: (H, W), the rows and columns that come in all.
        reduced: (height, width) of the result, at most `size`.

    Yields:
        Rows of the result, (h, width, C) of the same type.
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
        rows = _across(_weighted(band), *across)
        held = rows if held is None else np.concatenate([held, rows])
        ready = int(np.searchsorted(last, top + len(held), side="left"))
        if ready > done:
            yield _down(held, weights[done:ready], indices[done:ready] - top, band.dtype)
            done = ready
            if done < out_height:
                kept = int(first[done:].min()) - top
                held, top = held[kept:], top + kept


def _weighted(band):
    """float32, colors multiplied by alpha where there is one."""
    values = band.astype(np.float32)
    if band.shape[2] in (2, 4):
        values[..., :-1] *= values[..., -1:]
    return values


def _across(rows, weights, indices):
    total = np.zeros((rows.shape[0], len(weights), rows.shape[2]), np.float32)
    for weight, index in zip(weights.T.astype(np.float32), indices.T, strict=True):
        total += weight[:, None] * rows[:, index]
    return total


def _down(rows, weights, indices, dtype):
    total = np.zeros((len(weights), *rows.shape[1:]), np.float32)
    for weight, index in zip(weights.T.astype(np.float32), indices.T, strict=True):
        total += weight[:, None, None] * rows[index]
    white = np.float32(np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1.0)
    if total.shape[2] in (2, 4):
        alpha = np.clip(total[..., -1:], 0, white)
        seen = np.divide(
            total[..., :-1], alpha, out=np.zeros_like(total[..., :-1]), where=alpha > 0
        )
        total = np.concatenate([seen, alpha], axis=2)
    if np.issubdtype(dtype, np.integer):
        total = np.floor(total + 0.5)
    return np.clip(total, 0, white).astype(dtype)
