"""Losses between pictures in gray levels of 0..255, and deep supervision."""

import keras
from keras import ops

from keras_secn.layers import luminance
from keras_secn.layers.deep_supervision import Supervise
from keras_secn.layers.package import PACKAGE
from keras_secn.utils.errors import UserError, require_known

# LapSRN's epsilon is 1e-3 on a scale of 0..1 (Lai et al., CVPR 2017, section 3.3)
CHARBONNIER_EPSILON = 0.255

PENALTIES = {
    "l1": ops.abs,
    "l2": ops.square,
    "charbonnier": lambda error: ops.sqrt(ops.square(error) + CHARBONNIER_EPSILON**2),
}


@keras.saving.register_keras_serializable(PACKAGE)
class PictureLoss(keras.losses.Loss):
    """Mean penalty of the difference between HR and SR pictures.

    Args:
        penalty: "l1" (EDSR, section 3.3), "l2" (SRCNN to DRRN) or "charbonnier" (LapSRN).
        luminance_share: of the luminance's penalty in the loss, 0 to 1; the rest is that of red,
            green and blue. PSNR-Y sees luminance alone, and a small network has little to spare
            for colors. Pictures of one channel are luminance (0..1, as
            `keras_secn.layers.Luminance` gives) in any case.
        shrink: by how much the SR picture is smaller than HR, which is then shrunk (bicubic).

    Shapes: HR (B, H, W, 3); SR (B, H / shrink, W / shrink, 3 or 1).

    Raises:
        UserError: an unknown penalty, or a number out of range.
    """

    def __init__(
        self,
        penalty: str = "l1",
        luminance_share: float = 0.0,
        shrink: int = 1,
        name: str = "picture_loss",
        reduction: str = "sum_over_batch_size",
        dtype: str | None = None,
    ) -> None:
        require_known(penalty, PENALTIES, "penalty")
        if not 0 <= luminance_share <= 1:
            raise UserError(f"luminance_share must be 0 to 1, not {luminance_share}")
        if shrink < 1:
            raise UserError(f"shrink must be at least 1, not {shrink}")
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.penalty = penalty
        self.luminance_share = luminance_share
        self.shrink = shrink

    def call(self, y_true, y_pred):
        if self.shrink > 1:
            height, width = (ops.shape(y_true)[axis] // self.shrink for axis in (1, 2))
            y_true = ops.image.resize(
                y_true, (height, width), "bicubic", antialias=True, data_format="channels_last"
            )
        if y_pred.shape[-1] == 1:
            return self._penalty(luminance(y_true), 255.0 * y_pred)
        share = self.luminance_share
        of_luminance = share and self._penalty(luminance(y_true), luminance(y_pred))
        of_colors = (1 - share) and self._penalty(y_true, y_pred)
        return share * of_luminance + (1 - share) * of_colors

    def _penalty(self, y_true, y_pred):
        return ops.mean(PENALTIES[self.penalty](y_true - y_pred), axis=-1)

    def get_config(self):
        return {
            **super().get_config(),
            "penalty": self.penalty,
            "luminance_share": self.luminance_share,
            "shrink": self.shrink,
        }


@keras.saving.register_keras_serializable(PACKAGE)
class SupervisedModel(keras.Model):
    """A network in training that also gives its intermediate pictures, each compared with HR."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return super().compute_loss(x, [y] * len(y_pred), y_pred, sample_weight, training)


def supervised(model):
    """The model to train: `model` itself, or one on its layers that gives marked pictures too."""
    marks = [layer for layer in model.layers if isinstance(layer, Supervise)]
    if not marks:
        return model
    outputs = [model.output, *(mark.output for mark in marks)]
    return SupervisedModel(model.input, outputs, name=model.name)


def losses_of(model, penalty="l1", luminance_share=0.0):
    """What `compile` takes for a model of `supervised`: its losses and their weights.

    Returns:
        a loss and None; or a list of losses and one of weights.
    """
    loss = PictureLoss(penalty, luminance_share)
    if not isinstance(model, SupervisedModel):
        return loss, None
    marks = [layer for layer in model.layers if isinstance(layer, Supervise)]
    losses = [
        PictureLoss(penalty, luminance_share, mark.shrink, f"{mark.name}_loss") for mark in marks
    ]
    return [loss, *losses], [1.0, *(mark.weight for mark in marks)]
