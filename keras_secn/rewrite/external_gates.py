"""Squeeze-and-excitation whose gates come from outside: what makes tiles equal the whole image.

A gate depends on the channels' means over the image. Here the gates of all layers are computed
first, from the whole image or a sample of it, and each tile then runs with them as constants: what
is left is a plain convolutional network, whose tiles are exact if they overlap by its receptive
field. Nothing is added to the layers; they are told where to take their gates from while Keras
traces them.
"""

import contextlib
import threading

import keras
from keras import ops

from keras_secn.layers.squeeze_excite import SqueezeExcite
from keras_secn.utils.errors import UserError

_tracing = threading.Lock()


def gate_layers(model):
    """The model's `SqueezeExcite` layers, in the order in which their gates are stored.

    Raises:
        UserError: a layer pools over a local window.
    """
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, SqueezeExcite)]
    if any(layer.window is not None for layer in layers):
        raise UserError(
            f"{model.name} pools over local windows, which tiles cannot reproduce;"
            " keras_secn.set_pooling(model, None) undoes that"
        )
    return layers


@contextlib.contextmanager
def _calls(layers, call):
    """Lets `call(layer, inputs)` stand for each layer's own `call`."""
    with _tracing:
        for layer in layers:
            layer.call = lambda inputs, layer=layer: call(layer, inputs)
        try:
            yield
        finally:
            for layer in layers:
                # what lies beneath is the class's own method
                del layer.call


class PooledNetwork(keras.Model):
    """A network's gates on a sample of an image.

    Args:
        network: a Keras network; its weights are shared.

    Shapes: (P, h, w, 3), all the patches of one image -> (1, G): a gate per channel and layer. The
    channels' means are taken over all patches together.
    """

    def __init__(self, network):
        super().__init__(name="pool")
        self.network = network
        self.gated = gate_layers(network)

    def call(self, patches):
        gates = {}

        def call(layer, inputs):
            mean = ops.mean(inputs, axis=(0, 1, 2), keepdims=True)
            gate = gates[layer] = layer.excite(layer.squeeze(mean))
            return inputs * gate

        with _calls(self.gated, call):
            self.network(patches, training=False)
        parts = [ops.cast(ops.reshape(gates[layer], (1, -1)), "float32") for layer in self.gated]
        return ops.concatenate(parts, axis=1)


class TileNetwork(keras.Model):
    """A network on a tile, with the gates of the image that it belongs to.

    Args:
        network: a Keras network; its weights are shared.

    Shapes: [(1, H, W, 3), (1, G)] -> (1, scale * H, scale * W, 3). A network without gates takes
    the tile alone.
    """

    def __init__(self, network):
        super().__init__(name="tile")
        self.network = network
        self.gated = gate_layers(network)

    @property
    def count(self):
        """How many gates there are: G."""
        return sum(layer.excite.units for layer in self.gated)

    def call(self, inputs):
        if not self.gated:
            return self.network(inputs, training=False)
        lr, gates = inputs
        parts, start = {}, 0
        for layer in self.gated:
            channels = layer.excite.units
            parts[layer] = ops.reshape(gates[:, start : start + channels], (1, 1, 1, channels))
            start += channels

        with _calls(
            self.gated, lambda layer, inputs: inputs * ops.cast(parts[layer], inputs.dtype)
        ):
            return self.network(lr, training=False)
