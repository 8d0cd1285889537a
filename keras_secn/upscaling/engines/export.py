"""Exports a network to a `.tflite` file with exact tiles at any size, for `Upscaler`.

One file, one set of weights, several signatures: `serving_default` (lr -> sr, any size, for other
programs, clipped), `whole` (the same, not clipped), `statistics` (patches -> gates) and `tile`
(lr, gates -> sr). Pixels are float32 RGB in 0..255, NHWC.
"""

from __future__ import annotations

import os
import pathlib
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_secn.lite import converter, metadata
from keras_secn.lite.runtime import PLAIN, POOL, TILE, WHOLE
from keras_secn.rewrite.external_gates import PooledNetwork, TileNetwork, gate_layers
from keras_secn.rewrite.float32_copy import float32_copy
from keras_secn.rewrite.fuse_upsampler import fuse_upsampler
from keras_secn.upscaling.engines.keras import KerasEngine
from keras_secn.upscaling.engines.litert import TiledFileEngine
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError

if TYPE_CHECKING:
    import keras

# gray levels from Keras, by what the weights are stored as
LARGEST_DIFFERENCE = {"float32": 0.1, "float16": 2.0}


def export_tiles(
    model: keras.Model,
    path: str | os.PathLike[str],
    weights: str = "float32",
) -> dict[str, Any]:
    """Writes a network's file for `Upscaler`, and checks it against Keras first.

    Args:
        model: a Keras super-resolution network.
        path: where the file goes; replaced if it exists, left alone if anything fails.
        weights: "float32", or "float16" for a file of half the size.

    Returns:
        The facts in the file's metadata, see `keras_secn.lite.info`; `facts["tiles"]` holds the
        `radius` of the receptive field in LR pixels.

    Raises:
        UserError: not a super-resolution network, it pools over local windows, it sees the whole
            image, an unknown kind of weights, or a file that differs from Keras.
        OSError: the file cannot be written.
    """
    path = pathlib.Path(path)
    if weights not in LARGEST_DIFFERENCE:
        raise UserError(f"weights must be one of {', '.join(LARGEST_DIFFERENCE)}, not {weights!r}")
    if path.is_dir():
        raise UserError(f"{path} is a folder")
    model = float32_copy(model)
    engine = KerasEngine(model)
    if engine.radius is None:
        raise UserError(f"{model.name} sees the whole image at once: tiles cannot equal it")
    facts = {
        "name": model.name,
        "scale": engine.scale,
        "quantization": "none" if weights == "float32" else weights,
        "shape": "dynamic",
        "layout": "NHWC",
        "colour": "RGB",
        "value_range": [0, 255],
        "io": "float",
        "tiles": {"radius": engine.radius, "gated": bool(gate_layers(model))},
    }
    with atomic_path(path) as temporary:
        content = _convert(model, weights)
        temporary.write_bytes(metadata.add(content, facts))
        difference = _difference(engine, temporary)
        if not difference <= LARGEST_DIFFERENCE[weights]:
            raise UserError(f"the file differs from Keras by {difference:.2f} gray levels")
        facts["check"] = {"largest_difference": round(difference, 4)}
        temporary.write_bytes(metadata.add(content, facts))
    return facts


def _convert(model, weights):
    tf = converter.tensorflow()
    fused = fuse_upsampler(model)
    pool, tile = PooledNetwork(fused), TileNetwork(fused)
    lr = tf.TensorSpec((1, None, None, 3), tf.float32, name="lr")
    patches = tf.TensorSpec((None, None, None, 3), tf.float32, name="patches")
    gates = tf.TensorSpec((1, tile.count), tf.float32, name="gates")

    def picture(sr):
        return {"sr": tf.clip_by_value(sr, 0.0, 255.0)}

    module = tf.Module()
    # a SavedModel leaves out variables that it cannot see, and says nothing
    module.seen = [variable.value for variable in fused.variables]
    # clipped for others alone: an ensemble averages what lies beyond 255 as well
    signatures = {
        PLAIN: tf.function(lambda lr: picture(fused(lr, training=False)), [lr]),
        WHOLE: tf.function(lambda lr: {"sr": fused(lr, training=False)}, [lr]),
    }
    if pool.gated:
        signatures[POOL] = tf.function(lambda patches: {"gates": pool(patches)}, [patches])
        signatures[TILE] = tf.function(lambda lr, gates: {"sr": tile([lr, gates])}, [lr, gates])
    else:
        signatures[TILE] = tf.function(lambda lr: {"sr": tile(lr)}, [lr])
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=signatures)
        lite = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(signatures))
        if weights == "float16":
            lite.optimizations = [tf.lite.Optimize.DEFAULT]
            lite.target_spec.supported_types = [tf.float16]
        return lite.convert()


def _difference(engine, path):
    """The largest difference between a file's pictures and Keras', in gray levels, of any kind."""
    lr = probe(72, 80)
    gates = engine.pool(lr[None])
    file = TiledFileEngine(path, metadata.facts_of(path), threads=None)
    pairs = [(engine.tile(lr, gates), file.tile(lr, file.pool(lr[None])))]
    pairs += [(engine.whole(part), file.whole(part)) for part in (lr, lr[:6])]
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def probe(height, width):
    """Edges, slopes and noise of every size, float32 in 0..255: any operator gone wrong shows."""
    y, x = np.mgrid[:height, :width]
    noise = np.random.default_rng(0).integers(0, 256, y.shape)
    return np.stack([3.0 * y, 255.0 * ((x // 9 + y // 7) % 2), noise], -1).astype(np.float32)
