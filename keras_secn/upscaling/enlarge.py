"""Enlarges an image by an engine, tile by tile, as a stream of finished rows."""

import numpy as np

from keras_secn.data.dihedral import dihedral
from keras_secn.metrics.protocol import self_ensemble
from keras_secn.upscaling.tiling import POOLED_WHOLE, cuts, sample

LEAST = 6  # LR pixels a side that any engine takes; smaller images have their edge repeated


class Enlarger:
    """One engine with one size of tile.

    Args:
        engine: see `keras_secn.upscaling.engines.keras.KerasEngine`.
        tile: side of a tile in LR pixels, overlaps included: what memory follows.
        ensemble: average over the eight flips and rotations.
    """

    def __init__(self, engine, tile, ensemble=False):
        self.engine = engine
        self.tile = tile
        self.ensemble = ensemble

    def bands(self, image, tick=None):
        """Enlarges an image, from top to bottom.

        The result depends on the image alone, not on the size of tiles (by rounding at most).

        Args:
            image: H x W x 1 or H x W x 3; uint8, uint16, or float32 in 0..1. One channel is shown
                to the network as three, and the mean of what it makes of them is taken.
            tick: is called with the LR pixels of each tile that is done.

        Yields:
            Finished rows, (h, scale * W, C) of the image's type.
        """
        height, width = image.shape[:2]
        white = _white(image.dtype)
        missing = max(0, LEAST - height), max(0, LEAST - width)
        if any(missing):
            image = np.pad(image, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
        rows, columns, run = self._plan(image)
        scale = self.engine.scale
        for y in rows:
            band = np.empty(
                (scale * (y.last - y.first), scale * image.shape[1], image.shape[2]), image.dtype
            )
            for x in columns:
                result = run(self._seen(image[y.start : y.stop, x.start : x.stop]))
                kept = result[
                    scale * (y.first - y.start) : scale * (y.last - y.start),
                    scale * (x.first - x.start) : scale * (x.last - x.start),
                ]
                if image.shape[2] == 1:
                    kept = kept.mean(axis=2, keepdims=True)
                band[:, scale * x.first : scale * x.last] = _pixels(kept, white, image.dtype)
                if tick:
                    inside = min(y.last, height) - y.first, min(x.last, width) - x.first
                    tick(max(0, inside[0]) * max(0, inside[1]))
            visible = scale * (height - y.first)
            if visible > 0:
                yield band[:visible, : scale * width]

    def _plan(self, image):
        """Cuts along both axes, and the function of a tile."""
        engine, (height, width) = self.engine, image.shape[:2]
        whole = [cuts(length, length, 0)[0] for length in (height, width)]
        small = height * width <= min(POOLED_WHOLE, self.tile**2)
        if engine.radius is None or (small and engine.window is None):
            run = self_ensemble(_contiguous(engine.whole)) if self.ensemble else engine.whole
            return [whole[0]], [whole[1]], run
        window = engine.window or (self.tile, self.tile)
        rows, columns = (
            cuts(length, side, engine.radius, exactly=engine.window is not None)
            for length, side in zip((height, width), window, strict=True)
        )
        return rows, columns, self._tile_function(image)

    def _tile_function(self, image):
        engine = self.engine
        patches = self._seen(np.stack([image[place] for place in sample(*image.shape[:2])]))
        if not self.ensemble:
            gates = engine.pool(patches)
            return lambda tile: engine.tile(tile, gates)
        gates = []
        for turn in range(8):  # as `self_ensemble` goes through them
            gates.append(engine.pool(np.stack([dihedral(patch, turn) for patch in patches])))

        def run(tile):
            views = iter(gates)
            return self_ensemble(_contiguous(lambda seen: engine.tile(seen, next(views))))(tile)

        return run

    def _seen(self, pixels):
        """Pixels as the network sees them: RGB in 0..255, float32 or, as they are, uint8."""
        white = _white(pixels.dtype)
        if not self.engine.eight_bit or pixels.dtype != np.uint8:
            pixels = pixels.astype(np.float32)
        if white != 255:
            pixels *= np.float32(255 / white)
            if self.engine.eight_bit:
                pixels = np.floor(pixels + 0.5)
        return np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels


def _contiguous(run):
    # views of flipped images are copied many times over otherwise
    return lambda seen: run(np.ascontiguousarray(seen))


def _white(dtype):
    return float(np.iinfo(dtype).max) if np.issubdtype(dtype, np.integer) else 1.0


def _pixels(values, white, dtype):
    """What the network gave, 0..255, as pixels: rounded half up and clipped."""
    if values.dtype == dtype == np.uint8:
        return values
    values = values * np.float32(white / 255) if white != 255 else values
    if np.issubdtype(dtype, np.integer):
        values = np.floor(values + np.float32(0.5))
    return np.clip(values, 0, white).astype(dtype)
