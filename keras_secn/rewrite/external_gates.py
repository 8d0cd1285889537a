"""Squeeze-and-excitation with gates from outside, so that tiles equal the whole image.

A gate depends on the channels' means over the image. Here the gates of all layers are computed
first, from the whole image or a sample of it, and each tile then runs with them as constants: tiles
that overlap by the receptive field are exact. Both parts are new models that share the network's
layers.
"""

import functools

import keras
from keras import ops

from keras_secn.layers.blocks import Block
from keras_secn.layers.squeeze_excite import SqueezeExcite
from keras_secn.utils.errors import UserError


def gate_layers(model):
    """The model's `SqueezeExcite` layers in the order of their gates; none may be local."""
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, SqueezeExcite)]
    if any(layer.window is not None for layer in layers):
        raise UserError(
            f"{model.name} pools over local windows, which tiles cannot reproduce;"
            " keras_secn.set_pooling(model, None) undoes that"
        )
    return layers


class PooledNetwork(keras.Model):
    """A network's gates on a sample of an image; it shares the network's layers.

    Shapes: (P, h, w, 3), all the patches of one image -> (1, G): a gate per channel and layer.
    Means are taken over all patches together.
    """

    def __init__(self, network):
        super().__init__(name="pool", dtype="float32")
        self.network = network
        self.gated = gate_layers(network)

    def call(self, patches, training=False):
        gates = {}

        def scaled(layer, inputs):
            mean = ops.mean(inputs, axis=(0, 1, 2), keepdims=True)
            gate = gates[layer] = layer.excite(layer.squeeze(mean))
            return inputs * gate

        _run(scaled, self.network, patches)
        parts = [ops.cast(ops.reshape(gates[layer], (1, -1)), "float32") for layer in self.gated]
        return ops.concatenate(parts, axis=1)


class TileNetwork(keras.Model):
    """A network on a tile, with the gates of the image that it belongs to; it shares the layers.

    Shapes: [(1, H, W, 3), (1, G)] -> (1, scale * H, scale * W, 3). A network without gates takes
    the tile alone.
    """

    def __init__(self, network):
        super().__init__(name="tile", dtype="float32")
        self.network = network
        self.gated = gate_layers(network)

    @property
    def count(self):
        return sum(layer.excite.units for layer in self.gated)

    def call(self, inputs, training=False):
        if not self.gated:
            return self.network(inputs)
        lr, gates = inputs
        parts, start = {}, 0
        for layer in self.gated:
            channels = layer.excite.units
            parts[layer] = ops.reshape(gates[:, start : start + channels], (1, 1, 1, channels))
            start += channels

        def scaled(layer, inputs):
            return inputs * ops.cast(parts[layer], inputs.dtype)

        return _run(scaled, self.network, lr)


def _run(scaled, layer, *args, **kwargs):
    """Calls a layer or network with `scaled(layer, inputs)` in place of `SqueezeExcite` layers."""
    parts = layer._flatten_layers() if isinstance(layer, keras.layers.Layer) else []
    if not any(isinstance(part, SqueezeExcite) for part in parts):
        return layer(*args, **kwargs)
    run = functools.partial(_run, scaled)
    if isinstance(layer, keras.Function):
        # as the functional model's own `call` does
        return layer._run_through_graph(args[0], lambda part: functools.partial(run, part))
    if isinstance(layer, keras.Sequential):
        return functools.reduce(lambda x, part: run(part, x), layer.layers, args[0])
    if not isinstance(layer, Block | SqueezeExcite):
        raise UserError(f"{layer.name} holds squeeze-and-excitation where tiles cannot reach it")
    inputs = ops.cast(args[0], layer.compute_dtype)
    return scaled(layer, inputs) if isinstance(layer, SqueezeExcite) else layer.run(run, inputs)
