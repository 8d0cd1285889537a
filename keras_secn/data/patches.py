"""From photographs to training batches: augmented LR and HR patches."""

import atexit
import gc
import os
import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_secn.data.degradation import DEGRADATIONS, GRID, KERNELS, REACH
from keras_secn.data.dihedral import dihedral
from keras_secn.data.photo_cache import PhotoCache
from keras_secn.utils.errors import UserError

# When `fit` ends by an exception (Ctrl-C), reference cycles keep TensorFlow's iterator alive; its
# thread then waits for an interpreter that is gone, and the process never exits.
atexit.register(gc.collect)


class PatchDataset(keras.utils.PyDataset):
    """Batches of aligned LR and HR patches, each batch a pure function of (seed, step).

    Every position of every photograph that is large enough is equally likely, so a photograph is
    drawn in proportion to its number of positions. Each patch is turned by one of the eight flips
    and rotations (EDSR, section 4.1).

    Give it to `fit` with `steps_per_epoch`, and with `shuffle=False` if `steps` is set: Keras
    would otherwise shuffle the batches, and a resumed run could not repeat their order.

    Args:
        cache: a `PhotoCache`.
        batch_size: patches per batch, over all shards together.
        hr_patch: patch size in HR pixels, a multiple of the cache's scale.
        seed: of positions and turns.
        start_step: `self[i]` is the batch of step `start_step + i`.
        steps: number of batches; None for no end.
        shard: (index, count); yields rows index, index + count, ... of each batch, for one
            process of several.
        degradation: how LR patches come to be, a `Degradation`. Its chances come from a generator
            of (seed, step, row), so that positions and turns do not depend on it. Patches are
            degraded after their turn: JPEG does not treat rows and columns alike.

    `self[i]` is (LR, HR): float32 (B, p, p, 3) and (B, scale*p, scale*p, 3) in 0..255, where
    p = hr_patch / scale.

    Raises:
        UserError: the patch is no multiple of the scale or larger than every photograph, or the
            batch cannot be shared out evenly.
    """

    def __init__(
        self,
        cache,
        batch_size=16,
        hr_patch=96,
        seed=0,
        start_step=0,
        steps=None,
        shard=(0, 1),
        degradation=DEGRADATIONS["none"],
    ):
        super().__init__(workers=1)
        if hr_patch < 1 or hr_patch % cache.scale:
            raise UserError(f"hr_patch {hr_patch} is not a multiple of the scale {cache.scale}")
        if batch_size < 1 or batch_size % shard[1]:
            raise UserError(f"batch_size {batch_size} cannot be shared by {shard[1]} processes")
        self.cache = cache
        self.batch_size = batch_size
        self.patch = hr_patch // cache.scale
        self.seed = seed
        self.start_step = start_step
        self.steps = steps
        self.shard = shard
        self.degradation = degradation
        self.ready_times = {}  # batch -> time.perf_counter() when it was complete; see InputWait
        self._room = np.maximum(cache.lr_shapes - self.patch + 1, 0)  # positions per axis
        self._ends = np.cumsum(self._room.prod(axis=1))
        if not self._ends[-1]:
            height, width = cache.scale * max(cache.lr_shapes, key=min)
            raise UserError(
                f"the patch of {hr_patch}x{hr_patch} pixels is larger than every photograph "
                f"(the best is {width}x{height})"
            )

    @property
    def num_batches(self):
        return self.steps

    def __len__(self):
        return self.steps

    def __getitem__(self, index):
        if index < 0 or (self.steps is not None and index >= self.steps):
            raise IndexError(index)
        rng = np.random.default_rng([self.seed, self.start_step + index])
        position = rng.integers(self._ends[-1], size=self.batch_size)
        turn = rng.integers(8, size=self.batch_size)
        rows = slice(self.shard[0], None, self.shard[1])
        batch = self._patches(position[rows], turn[rows].tolist())
        if self.degradation.clean < 1:
            self._degrade(batch[0], index, position[rows], turn[rows].tolist())
        self.ready_times[index] = time.perf_counter()
        return batch

    def _places(self, position):
        """(photograph, top, left) in LR pixels of each position."""
        photo = np.searchsorted(self._ends, position, side="right")
        offset = position - self._ends[photo] + self._room[photo].prod(axis=1)
        top, left = np.divmod(offset, self._room[photo, 1])
        return zip(photo.tolist(), top.tolist(), left.tolist(), strict=True)

    def _patches(self, position, turn):
        p, s = self.patch, self.cache.scale
        lr = np.empty((len(turn), p, p, 3), np.float32)
        hr = np.empty((len(turn), s * p, s * p, 3), np.float32)
        for row, (i, y, x) in enumerate(self._places(position)):
            _copy(self.cache.lr(i)[y : y + p, x : x + p], turn[row], lr[row])
            y, x = s * y, s * x
            _copy(self.cache.hr(i)[y : y + s * p, x : x + s * p], turn[row], hr[row])
        return lr, hr

    def _degrade(self, lr, index, position, turn):
        step, (first, count) = self.start_step + index, self.shard
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


def open_photographs(
    folders: Sequence[str | os.PathLike[str]],
    dataset: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    **options: Any,
) -> PhotoCache:
    """The cache of folders of photographs, or of a dataset of tensorflow-datasets.

    Args:
        folders: see `PhotoCache.build`.
        dataset: "div2k" in place of `folders`.
        cache_dir, options: see `PhotoCache.build`.

    Raises:
        UserError: both or neither are given; else as `PhotoCache.build`.
    """
    if bool(folders) == bool(dataset):
        raise UserError("give either --data_dir or --dataset")
    if dataset:
        from keras_secn.data.div2k import load_div2k

        return load_div2k(cache_dir=cache_dir, **options)
    return PhotoCache.build(folders, cache_dir, **options)
