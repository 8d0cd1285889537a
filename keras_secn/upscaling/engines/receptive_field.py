"""A network's receptive field: the overlap that makes tiles exact."""

import json

import keras
import numpy as np

from keras_secn.rewrite.external_gates import TileNetwork

FIRST, LARGEST = 96, 800  # sides of the probe in LR pixels


def receptive_radius(network):
    """LR pixels that a network sees to each side, its gates fixed.

    Measured, not derived: a NaN in one pixel reaches exactly what depends on that pixel, whatever
    the weights are. CT-SECN and SECN with 16 blocks: 36.

    `None` if it sees the whole image, which tiles cannot equal, or if it has layers that Keras
    cannot make again from their configuration.
    """
    try:
        copy = _beyond_onednn(network)
    except Exception:  # whatever a user's layer raises
        return None
    tile = TileNetwork(copy)
    side = FIRST
    while side <= LARGEST:
        probe = np.zeros((1, side, side, 3), np.float32)
        middle = side // 2
        probe[:, middle, middle] = np.nan
        inputs = [probe, np.ones((1, tile.count), np.float32)] if tile.gated else probe
        result = keras.ops.convert_to_numpy(tile(inputs))[0]
        reached = np.isnan(result).any(axis=2)
        lines = np.flatnonzero(reached.any(axis=0) | reached.any(axis=1))
        if lines.size == 0:
            return 0
        first, last = np.array([lines[0], lines[-1]]) * side // result.shape[0]
        if first > 0 and last < side - 1:
            return int(max(middle - first, last - middle))
        side *= 2
    return None


def _beyond_onednn(network):
    """The network in float64, which TensorFlow's oneDNN, whose ReLU of NaN is 0, leaves alone."""
    if keras.backend.backend() != "tensorflow":
        return network
    config = json.dumps(keras.saving.serialize_keras_object(network))
    for name in ("float32", "mixed_bfloat16", "mixed_float16"):
        config = config.replace(f'"{name}"', '"float64"')
    # its code is here already, so that it may be lambdas, and needs no registered names
    own = {}
    for layer in network._flatten_layers():
        own[type(layer).__name__] = type(layer)
        function = getattr(layer, "activation", None)
        own[getattr(function, "__name__", "")] = function
    return keras.saving.deserialize_keras_object(
        json.loads(config), custom_objects=own, safe_mode=False
    )
