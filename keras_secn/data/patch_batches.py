"""Batches of aligned LR and HR patches, by NumPy and Pillow alone."""

import dataclasses

import numpy as np

from keras_secn.data.degradation import GRID, KERNELS, REACH, Degradation, require_degradation
from keras_secn.data.dihedral import dihedral
from keras_secn.data.photo_cache import PhotoCache
from keras_secn.utils.errors import UserError


@dataclasses.dataclass
class PatchBatches:
    """Batches of patches, each a pure function of (seed, step).

    Args and errors: see `keras_secn.data.PatchDataset`.
    """

    cache: PhotoCache
    batch_size: int
    hr_patch: int
    seed: int
    shard: tuple[int, int]
    degradation: Degradation

    def __post_init__(self):
        cache, hr_patch, count = self.cache, self.hr_patch, self.shard[1]
        require_degradation(self.degradation)
        if hr_patch < 1 or hr_patch % cache.scale:
            raise UserError(f"hr_patch {hr_patch} is not a multiple of the scale {cache.scale}")
        if self.batch_size < 1 or self.batch_size % count:
            raise UserError(f"batch_size {self.batch_size} cannot be shared by {count} processes")
        self.patch = hr_patch // cache.scale
        self._room = np.maximum(cache.lr_shapes - self.patch + 1, 0)  # positions per axis
        self._ends = np.cumsum(self._room.prod(axis=1))
        if not self._ends[-1]:
            height, width = cache.scale * max(cache.lr_shapes, key=min)
            raise UserError(
                f"the patch of {hr_patch}x{hr_patch} pixels is larger than every photograph "
                f"(the best is {width}x{height})"
            )

    @property
    def shapes(self):
        """Shapes of a batch's LR and HR patches."""
        rows = self.batch_size // self.shard[1]
        return tuple((rows, side, side, 3) for side in (self.patch, self.hr_patch))

    def batch(self, step):
        """The batch of a step: LR and HR patches, uint8."""
        rng = np.random.default_rng([self.seed, step])
        position = rng.integers(self._ends[-1], size=self.batch_size)
        turn = rng.integers(8, size=self.batch_size)
        rows = slice(self.shard[0], None, self.shard[1])
        batch = self._patches(position[rows], turn[rows].tolist())
        if self.degradation.clean < 1:
            self._degrade(batch[0], step, position[rows], turn[rows].tolist())
        return batch

    def _places(self, position):
        """(photograph, top, left) in LR pixels of each position."""
        photo = np.searchsorted(self._ends, position, side="right")
        offset = position - self._ends[photo] + self._room[photo].prod(axis=1)
        top, left = np.divmod(offset, self._room[photo, 1])
        return zip(photo.tolist(), top.tolist(), left.tolist(), strict=True)

    def _patches(self, position, turn):
        p, s = self.patch, self.cache.scale
        lr, hr = (np.empty(shape, np.uint8) for shape in self.shapes)
        for row, (i, y, x) in enumerate(self._places(position)):
            _copy(self.cache.lr(i)[y : y + p, x : x + p], turn[row], lr[row])
            y, x = s * y, s * x
            _copy(self.cache.hr(i)[y : y + s * p, x : x + s * p], turn[row], hr[row])
        return lr, hr

    def _degrade(self, lr, step, position, turn):
        first, count = self.shard
        for row, place in enumerate(self._places(position)):
            rng = np.random.default_rng([self.seed, step, first + count * row, 1])
            history = self.degradation.draw(rng)
            if history:
                lr[row] = self._degraded(history, rng, turn[row], *place)

    def _degraded(self, history, rng, turn, photo, top, left):
        """A patch as it is within a whole degraded photograph: with its neighbors, then cut out."""
        p, (down, right) = self.patch, history.offset
        # above, right, below and left of the turned patch: up to the grid that it lies in
        wanted = _unturned((down, -(p + right) % GRID, -(p + down) % GRID, right), turn)
        height, width = self.cache.lr_shapes[photo].tolist()
        there = (top, width - left - p, height - top - p, left)
        margin = tuple(map(min, wanted, there))
        if history.kernel == "bicubic":
            region = dihedral(_around(self.cache.lr(photo), top, left, p, margin), turn)
        else:
            wider = tuple(min(m + REACH, t) for m, t in zip(margin, there, strict=True))
            pixels = _around(self.cache.hr(photo), top, left, p, wider, self.cache.scale)
            region = KERNELS[history.kernel](dihedral(pixels, turn), self.cache.scale)
            more = _turned([w - m for w, m in zip(wider, margin, strict=True)], turn)
            region = _cut(region, more)
        return _cut(history.apply(region, rng), _turned(margin, turn))


def _around(image, top, left, size, margin, scale=1):
    """A patch and its margin (above, right, below, left), all in LR pixels."""
    above, right, below, before = margin
    rows = slice(scale * (top - above), scale * (top + size + below))
    return image[rows, scale * (left - before) : scale * (left + size + right)]


def _cut(image, margin):
    above, right, below, left = margin
    return image[above : image.shape[0] - below, left : image.shape[1] - right]


def _turned(margin, turn):
    """What (above, right, below, left) of a picture become in its `dihedral` view by `turn`."""
    above, right, below, left = (*margin, *margin)[turn % 4 : turn % 4 + 4]
    return (above, left, below, right) if turn >= 4 else (above, right, below, left)


def _unturned(margin, turn):
    """The margin that `_turned` takes to this one."""
    above, right, below, left = margin
    sides = (above, left, below, right) if turn >= 4 else margin
    return _turned(sides, -turn % 4)


def _copy(image, turn, out):
    image = dihedral(image, turn)
    # channel by channel: a turned copy's inner loop is then a row and not three values
    for channel in range(3):
        out[..., channel] = image[..., channel]
