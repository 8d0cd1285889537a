"""Patches for distillation: HR mixed with the pictures of a trained network."""

import time

import numpy as np

from keras_secn.data.dihedral import dihedral, undo_dihedral
from keras_secn.data.patches import PatchDataset
from keras_secn.utils.errors import UserError


class TaughtPatches(PatchDataset):
    """A `PatchDataset` whose HR patches are mixed with the pictures of a trained network.

    The teacher sees each patch in one of its eight flips and rotations, drawn each time, so
    that what is learned is the mean over all eight: its self-ensemble (EDSR, section 3.4), at an
    eighth of the price. A network that starts as its own teacher's copy so learns to be as good
    alone as in its self-ensemble: the target lacks the noise of what no network can restore
    (distillation: Hinton et al., 2015). `share` is the teacher's, above 0 and at most 1.

    With a `degradation`, the teacher sees the degraded LR patches, as the student does: take one
    that was trained for them.
    """

    def __init__(self, cache, teacher, share=1.0, **options):
        super().__init__(cache, **options)
        require_teacher_share(share)
        self.teacher = teacher
        self.share = share

    def __getitem__(self, index):
        lr, hr = super().__getitem__(index)
        hr = hr.astype(np.float32)
        rng = np.random.default_rng([self.seed, self.start_step + index, len(lr)])
        turns = rng.integers(8, size=len(lr)).tolist()
        seen = np.stack([dihedral(patch, turn) for patch, turn in zip(lr, turns, strict=True)])
        for row, (picture, turn) in enumerate(
            zip(self.teacher.predict_on_batch(seen), turns, strict=True)
        ):
            picture = np.clip(undo_dihedral(picture, turn), 0, 255)
            hr[row] += self.share * (picture - hr[row])
        self.ready_times[index] = time.perf_counter()
        return lr, hr


def require_teacher_share(share):
    """Raises a `UserError` unless `share` is above 0 and at most 1."""
    if not 0 < share <= 1:
        raise UserError(f"the teacher's share must be above 0 and at most 1, not {share}")
