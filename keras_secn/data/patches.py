"""From photographs to training batches: augmented LR and HR patches."""

import atexit
import gc
import os
import time
from collections.abc import Sequence

import keras

from keras_secn.data.degradation import DEGRADATIONS
from keras_secn.data.patch_batches import PatchBatches
from keras_secn.data.patch_processes import PatchProcesses
from keras_secn.data.photo_cache import PhotoCache
from keras_secn.utils.errors import UserError, require_known

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
        dtype: of the pixels; "uint8" is a quarter of the bytes on their way to a GPU.
        processes: that make batches ahead; 0 to make them where they are asked for.

    `self[i]` is (LR, HR): (B, p, p, 3) and (B, scale*p, scale*p, 3) in 0..255, where
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
        dtype="float32",
        processes=0,
    ):
        super().__init__(workers=1)
        self.batches = PatchBatches(cache, batch_size, hr_patch, seed, shard, degradation)
        self.seed = seed
        self.start_step = start_step
        self.steps = steps
        self.dtype = dtype
        self.ready_times = {}  # batch -> time.perf_counter() when it was complete; see InputWait
        self._ahead = PatchProcesses(self.batches, start_step, processes) if processes else None

    @property
    def num_batches(self):
        return self.steps

    def __len__(self):
        return self.steps

    def __getitem__(self, index):
        if index < 0 or (self.steps is not None and index >= self.steps):
            raise IndexError(index)
        step = self.start_step + index
        batch = self._ahead.batch(step) if self._ahead else self.batches.batch(step)
        batch = tuple(pixels.astype(self.dtype, copy=False) for pixels in batch)
        self.ready_times[index] = time.perf_counter()
        return batch


def open_photographs(
    folders: Sequence[str | os.PathLike[str]],
    dataset: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    *,
    scale: int = 2,
    min_hr: int = 0,
    strict: bool = False,
    progress: bool = True,
) -> PhotoCache:
    """The cache of folders of photographs, or of a dataset of tensorflow-datasets.

    Args:
        folders: see `PhotoCache.build`.
        dataset: "div2k" in place of `folders`.
        cache_dir, scale, min_hr, strict, progress: see `PhotoCache.build`.

    Raises:
        UserError: both or neither are given, or an unknown dataset; else as `PhotoCache.build`.
    """
    if bool(folders) == bool(dataset):
        raise UserError("give either --data_dir or --dataset")
    options = {"scale": scale, "min_hr": min_hr, "strict": strict, "progress": progress}
    if dataset:
        require_known(dataset, ("div2k",), "dataset")
        from keras_secn.data.div2k import load_div2k

        return load_div2k(cache_dir=cache_dir, **options)
    return PhotoCache.build(folders, cache_dir, **options)
