"""Photographs softened by a teacher: a small network learns faster from what is learnable."""

import pathlib

import numpy as np
from tqdm import tqdm

from .errors import UserError
from .files import atomic_path
from .taught_patches import require_teacher_share


class TaughtCache:
    """A `PhotoCache` whose HR photographs are drawn towards the pictures of a trained network.

    Detail that even the large teacher cannot restore is noise to a small network's loss
    (distillation: Hinton et al., 2015; for super-resolution Gao et al., ACCV 2018).

    The pictures are made once and kept, one file each, so that an interrupted run goes on. The
    cache's own HR photographs are left alone.

    Args:
        cache: a `keras_secn.photo_cache.PhotoCache`.
        teach: function of a uint8 LR picture that returns the teacher's uint8 picture.
        folder: where the pictures are kept; of one cache, teacher and share only.
        share: of the teacher in the result, above 0 and at most 1.
        progress: shows a bar.

    Raises:
        UserError: the share is out of range, or the folder belongs to another cache.
    """

    def __init__(self, cache, teach, folder, share=0.5, progress=True):
        require_teacher_share(share)
        self.cache = cache
        self.folder = pathlib.Path(folder)
        for index in tqdm(range(len(cache)), "teacher", disable=not progress, unit="photo"):
            path = self._path(index)
            if path.is_file():
                continue
            picture = teach(np.ascontiguousarray(cache.lr(index))).astype(np.float32)
            mixed = share * picture + (1 - share) * cache.hr(index)
            with atomic_path(path) as temporary:
                np.save(temporary, np.floor(mixed + 0.5).astype(np.uint8))

    def __len__(self):
        return len(self.cache)

    def __getattr__(self, name):
        return getattr(self.cache, name)

    def hr(self, index):
        """The softened photograph, uint8."""
        picture = np.load(self._path(index), mmap_mode="r", allow_pickle=False)
        if picture.shape != self.cache.hr(index).shape:
            raise UserError(f"{self.folder} belongs to other photographs; name another folder")
        return picture

    def _path(self, index):
        return self.folder / f"{index:06d}.npy"
