"""A slice of rows or columns of feature maps."""

import keras

from keras_secn.layers.package import PACKAGE

FIRST, LAST, WITHOUT_FIRST, WITHOUT_LAST = (0, 1), (-1, None), (1, None), (0, -1)


@keras.saving.register_keras_serializable(PACKAGE)
class Lines(keras.layers.Layer):
    """Some rows or columns of feature maps.

    Args:
        axis: 1 for rows, 2 for columns.
        start, stop: the first of them and the one after the last, as in a Python slice.

    Shapes: (B, H, W, C) -> (B, h, W, C) or (B, H, w, C).
    """

    def __init__(self, axis, start, stop, **kwargs):
        super().__init__(**kwargs)
        self.axis, self.start, self.stop = axis, start, stop

    def call(self, inputs):
        part = slice(self.start, self.stop)
        return inputs[:, part] if self.axis == 1 else inputs[:, :, part]

    def compute_output_shape(self, input_shape):
        shape = list(input_shape)
        if shape[self.axis] is not None:
            shape[self.axis] = len(range(shape[self.axis])[self.start : self.stop])
        elif (self.start, self.stop) in (FIRST, LAST):
            shape[self.axis] = 1
        return tuple(shape)

    def get_config(self):
        return {**super().get_config(), "axis": self.axis, "start": self.start, "stop": self.stop}
