"""SGD with VDSR's gradient clipping."""

import keras
from keras import ops

from keras_secn.layers.package import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class AdjustableClippingSGD(keras.optimizers.SGD):
    """SGD whose gradients are clipped to +-theta / learning rate (Kim et al., CVPR 2016, 3.2).

    No weight then moves by more than theta in a step of plain SGD, whatever the learning rate:
    that is what makes VDSR's very high rates safe.

    Args:
        theta: the largest step of a weight, before momentum.
        kwargs: as for `keras.optimizers.SGD`.
    """

    def __init__(self, learning_rate=0.1, theta=0.01, name="adjustable_clipping_sgd", **kwargs):
        super().__init__(learning_rate, name=name, **kwargs)
        self.theta = theta

    def update_step(self, gradient, variable, learning_rate):
        bound = ops.cast(self.theta / learning_rate, gradient.dtype)
        super().update_step(ops.clip(gradient, -bound, bound), variable, learning_rate)

    def get_config(self):
        return {**super().get_config(), "theta": self.theta}
