"""Enlarges an image by an engine, tile by tile, as a stream of finished rows."""

import numpy as np

from keras_secn.data.dihedral import dihedral
from keras_secn.metrics.protocol import self_ensemble
from keras_secn.upscaling.depth import rounded, white
from keras_secn.upscaling.tiling import POOLED_WHOLE, Cut, cuts, sample

LEAST = 6  # LR pixels a side that any engine takes; smaller images have their edge repeated


class Enlarger:
    """Runs an engine over tiles, whose side is in LR pixels, overlaps included."""

    def __init__(self, engine, tile, ensemble=False):
        self.engine = engine
        self.tile = tile
        self.ensemble = ensemble

    def bands(self, image, tick=None):
        """Yields finished rows of an image (H, W, 1 or 3), in its type, from top to bottom.

        One channel is shown to the network as three, and the mean of what it makes of them is
        taken. `tick` gets the LR pixels of each tile that is done.
        """
        height, width, channels = image.shape
        missing = max(0, LEAST - height), max(0, LEAST - width)
        if any(missing):
            image = np.pad(image, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
        rows, columns, run = self._plan(image)
        scale = self.engine.scale
        for y in rows:
            size = scale * (y.last - y.first), scale * image.shape[1], channels
            band = np.empty(size, image.dtype)
            for x in columns:
                result = run(self._seen(image[y.start : y.stop, x.start : x.stop]))
                kept = result[
                    scale * (y.first - y.start) : scale * (y.last - y.start),
                    scale * (x.first - x.start) : scale * (x.last - x.start),
                ]
                if channels == 1:
                    kept = kept.mean(axis=2, keepdims=True)
                band[:, scale * x.first : scale * x.last] = _pixels(kept, image.dtype)
                if tick:
                    inside = min(y.last, height) - y.first, min(x.last, width) - x.first
                    tick(max(0, inside[0]) * max(0, inside[1]))
            visible = scale * (height - y.first)
            if visible > 0:
                yield band[:visible, : scale * width]

    def _plan(self, image):
        """Cuts along both axes, and the function of a tile."""
        engine, (height, width) = self.engine, image.shape[:2]
        small = height * width <= min(POOLED_WHOLE, self.tile**2)
        if engine.radius is None or (small and engine.window is None):
            run = self_ensemble(_contiguous(engine.whole)) if self.ensemble else engine.whole
            return [Cut(0, height, 0, height)], [Cut(0, width, 0, width)], run
        window, exactly = engine.window or (self.tile, self.tile), engine.window is not None
        rows = cuts(height, window[0], engine.radius, exactly)
        columns = cuts(width, window[1], engine.radius, exactly)
        return rows, columns, self._tile_function(image)

    def _tile_function(self, image):
        engine = self.engine
        patches = self._seen(np.stack([image[place] for place in sample(*image.shape[:2])]))
        if not self.ensemble:
            gates = engine.pool(patches)
            return lambda tile: engine.tile(tile, gates)
        # in the order in which `self_ensemble` goes through the views
        turned = (np.stack([dihedral(patch, turn) for patch in patches]) for turn in range(8))
        gates = [engine.pool(views) for views in turned]

        def run(tile):
            own = iter(gates)
            return self_ensemble(_contiguous(lambda seen: engine.tile(seen, next(own))))(tile)

        return run

    def _seen(self, pixels):
        """Pixels as the network sees them: RGB in 0..255, float32 or, as they are, uint8."""
        factor = np.float32(255 / white(pixels.dtype))
        if not self.engine.eight_bit or pixels.dtype != np.uint8:
            pixels = pixels.astype(np.float32)
        if factor != 1:
            pixels *= factor
            if self.engine.eight_bit:
                pixels = np.floor(pixels + 0.5)
        return np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels


def _contiguous(run):
    # views of flipped images are copied many times over otherwise
    return lambda seen: run(np.ascontiguousarray(seen))


def _pixels(values, dtype):
    """What the network gave, 0..255, as pixels."""
    if values.dtype == dtype == np.uint8:
        return values
    factor = np.float32(white(dtype) / 255)
    return rounded(values if factor == 1 else values * factor, dtype)
