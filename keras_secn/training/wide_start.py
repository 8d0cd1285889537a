"""Training of collapsible convolutions goes on from a folded network."""

import keras

from keras_secn.layers.collapsible_conv import CollapsibleConv2D
from keras_secn.rewrite.fold_collapsible import fold
from keras_secn.utils.errors import UserError


class WideStart(keras.callbacks.Callback):
    """Starts the training of a network of collapsible convolutions where a folded one stands.

    Args:
        source: the folded network, or one as it is trained.

    Raises:
        UserError: on_train_begin, the two networks differ.
    """

    def __init__(self, source):
        super().__init__()
        self.source = source

    def on_train_begin(self, logs=None):
        pairs = list(zip(self.source.layers, self.model.layers, strict=False))
        shapes = [
            [tuple(w.shape) for w in m.weights] for m in (fold(self.source), fold(self.model))
        ]
        if shapes[0] != shapes[1]:
            raise UserError(f"{self.source.name} is another network than the one to train")
        for old, new in pairs:
            if isinstance(new, CollapsibleConv2D) and not isinstance(old, CollapsibleConv2D):
                new.set_collapsed(*old.get_weights())
            elif new.weights:
                new.set_weights(old.get_weights())
