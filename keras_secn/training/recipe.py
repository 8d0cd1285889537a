"""`Recipe`: steps, learning rate, patches and loss of a training."""

import dataclasses
import math

import keras

from keras_secn.data.degradation import DEGRADATIONS, Degradation, require_degradation
from keras_secn.data.patches import PatchDataset
from keras_secn.training.losses import PENALTIES
from keras_secn.training.optimizers import AdjustableClippingSGD
from keras_secn.utils.errors import UserError, require_known

SCHEDULES = ("cosine", "halving", "constant")
PRECISIONS = ("float32", "mixed_bfloat16")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Hyperparameters of a training.

    Args:
        steps: optimizer steps; rounded up to whole `interval`s.
        learning_rate: Adam's peak learning rate (the paper: 1e-4).
        schedule: "cosine" (to 2 % of the peak), "halving" every quarter of the steps (the paper
            halves every 100 epochs) or "constant".
        warmup: steps over which the learning rate rises from 0 (not for "halving").
        batch_size: patches per step, over all devices together (the paper: 16).
        hr_patch: patch size in HR pixels (the paper: 192).
        clipnorm: bound on the gradient's global norm, in gray levels of the L1 loss; 0 for none.
        ema: momentum of the moving average of the weights, which is what is kept; 0 for none.
            Short trainings use less, so that the average spans a twentieth of the steps; a quarter
            at a constant rate, whose noise the average alone takes away.
        seed: of the weights and of the patches.
        precision: "float32" or "mixed_bfloat16".
        interval: steps between validations and checkpoints.
        patience: stop after so many validations without a better PSNR; 0 to use all steps.
        loss: "l1", "l2" or "charbonnier"; see `keras_secn.training.losses.PictureLoss`.
        luminance_share: of luminance in the loss, 0 (the paper) to 1; networks that leave colors
            to bicubic have 1.
        momentum: SGD with this momentum in place of Adam (VDSR, SRCNN: 0.9); 0 for Adam.
        theta: VDSR's bound on a weight's step, for SGD: gradients are clipped to
            +-theta / learning rate, in place of clipnorm; 0 for none.
        degradation: how LR patches come to be, see `keras_secn.data.degradation`.

    Raises:
        UserError: a value is out of range.
    """

    steps: int
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    warmup: int = 300
    batch_size: int = 16
    hr_patch: int = 48
    clipnorm: float = 0.0
    ema: float = 0.999
    seed: int = 0
    precision: str = "float32"
    interval: int = 500
    patience: int = 0
    loss: str = "l1"
    luminance_share: float = 0.0
    momentum: float = 0.0
    theta: float = 0.0
    degradation: Degradation = DEGRADATIONS["none"]

    def __post_init__(self):
        require_known(self.loss, PENALTIES, "loss")
        require_known(self.schedule, SCHEDULES, "schedule")
        require_known(self.precision, PRECISIONS, "precision")
        require_degradation(self.degradation)
        if self.theta and not self.momentum:
            raise UserError("theta bounds the steps of SGD: it needs a momentum")
        if self.theta and self.clipnorm:
            raise UserError("theta clips the gradients: clipnorm must be 0 beside it")
        for name in ("steps", "learning_rate", "batch_size", "hr_patch", "interval"):
            if not getattr(self, name) > 0:
                raise UserError(f"{name} must be above 0, not {getattr(self, name)}")
        for name in ("warmup", "clipnorm", "seed", "patience", "theta"):
            if not getattr(self, name) >= 0:
                raise UserError(f"{name} must be at least 0, not {getattr(self, name)}")
        if not 0 <= self.luminance_share <= 1:
            raise UserError(f"luminance_share must be 0 to 1, not {self.luminance_share}")
        for name in ("ema", "momentum"):
            if not 0 <= getattr(self, name) < 1:
                raise UserError(f"{name} must be at least 0 and below 1, not {getattr(self, name)}")

    @property
    def epochs(self):
        return math.ceil(self.steps / self.interval)

    @property
    def steps_per_epoch(self):
        return math.ceil(self.steps / self.epochs)

    @property
    def total_steps(self):
        return self.epochs * self.steps_per_epoch

    def patches(self, cache, kind=PatchDataset, **options):
        """A `PatchDataset` of the recipe's patches.

        Args:
            cache: a `keras_secn.data.PhotoCache`.
            kind: a class derived from `PatchDataset`, in place of it.
            options: of that class; the recipe's own values may be among them.
        """
        names = ("batch_size", "hr_patch", "seed", "degradation")
        return kind(cache, **{name: getattr(self, name) for name in names} | options)

    def optimizer(self):
        """Adam, or SGD, with the recipe's schedule, clipping and moving average."""
        steps = self.total_steps
        schedules = keras.optimizers.schedules
        rate = self.learning_rate
        constant = self.schedule == "constant"
        if self.schedule == "halving":
            rate = schedules.ExponentialDecay(rate, max(1, steps // 4), 0.5, staircase=True)
        else:
            warmup = min(self.warmup, steps // 10)
            rate = schedules.CosineDecay(
                0.0 if warmup else rate,
                decay_steps=steps - warmup,
                alpha=1.0 if constant else 0.02,
                warmup_target=rate if warmup else None,
                warmup_steps=warmup,
            )
        options = {
            "global_clipnorm": self.clipnorm or None,
            "use_ema": self.ema > 0,
            "ema_momentum": min(self.ema, max(0.0, 1 - (4 if constant else 20) / steps)),
        }
        if self.theta:
            return AdjustableClippingSGD(rate, self.theta, momentum=self.momentum, **options)
        if self.momentum:
            return keras.optimizers.SGD(rate, self.momentum, **options)
        return keras.optimizers.Adam(rate, **options)
