"""PSNR of the luminance as a Keras metric, by the protocol of the literature."""

from __future__ import annotations

import keras
from keras import ops

from keras_secn.layers.luminance import luminance
from keras_secn.layers.package import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class PSNR(keras.metrics.Mean):
    """Mean over pictures of PSNR-Y in dB, as `keras_secn.metrics.psnr_y` computes it.

    The network's pictures are rounded and clipped to 0..255 first. The border is left out.

    Args:
        shave: width of the border in pixels; the literature takes the scale.
        name, dtype: of the metric.

    Shapes: HR and SR, both (B, H, W, 3) RGB in 0..255.

    Example:
        >>> model.compile("adam", keras_secn.losses.PictureLoss(),
        ...               metrics=[keras_secn.metrics.PSNR(shave=2)])
    """

    def __init__(self, shave: int = 2, name: str = "psnr", dtype: str | None = None) -> None:
        super().__init__(name, dtype)
        self.shave = shave

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = ops.clip(ops.floor(ops.cast(y_pred, "float32") + 0.5), 0, 255)
        error = luminance(ops.cast(y_true, "float32")) - luminance(y_pred)
        if self.shave:
            error = error[:, self.shave : -self.shave, self.shave : -self.shave]
        squares = ops.mean(ops.square(error), axis=(1, 2, 3))
        super().update_state(10.0 * ops.log10(255.0**2 / squares), sample_weight)

    def get_config(self):
        return {**super().get_config(), "shave": self.shave}
