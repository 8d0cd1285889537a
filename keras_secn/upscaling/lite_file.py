"""Makes the `.tflite` file that `keras-secn upscale` starts quickly with: exact tiles at any size.

One file, one set of weights, several signatures: `serving_default` (lr -> sr, any size; what any
other program sees), `whole` (the same, fused, see `fused_upsampler`), `statistics` (patches ->
gates) and `tile` (lr, gates -> sr). Pixels are float32 RGB in 0..255, NHWC.
"""

import pathlib
import tempfile

import numpy as np

from ..errors import UserError
from ..files import atomic_path
from ..lite import converter, metadata
from .fused_upsampler import fuse_upsampler
from .gates import PooledNetwork, TileNetwork
from .keras_engine import KerasEngine
from .lite_engine import PLAIN, POOL, TILE, WHOLE, lite_engine

WEIGHTS = ("float32", "float16")
LARGEST_DIFFERENCE = {"float32": 0.1, "float16": 2.0}  # grey levels from Keras


def export_tiles(model, path, weights="float32"):
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
    if weights not in WEIGHTS:
        raise UserError(f"weights must be one of {', '.join(WEIGHTS)}, not {weights!r}")
    if path.is_dir():
        raise UserError(f"{path} is a folder")
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
        "tiles": {"radius": engine.radius, "gated": _gated(model)},
    }
    with atomic_path(path) as temporary:
        content = _convert(model, weights)
        temporary.write_bytes(metadata.add(content, facts))
        difference = _difference(engine, lite_engine(temporary))
        if not difference <= LARGEST_DIFFERENCE[weights]:
            raise UserError(f"the file differs from Keras by {difference:.2f} grey levels")
        facts["check"] = {"largest_difference": round(difference, 4)}
        temporary.write_bytes(metadata.add(content, facts))
    return facts


def _gated(model):
    return bool(PooledNetwork(model).gated)


def _convert(model, weights):
    tf = converter.tensorflow()
    fused = fuse_upsampler(model)
    pool, tile = PooledNetwork(fused), TileNetwork(fused)
    lr = tf.TensorSpec((1, None, None, 3), tf.float32, name="lr")
    patches = tf.TensorSpec((None, None, None, 3), tf.float32, name="patches")
    gates = tf.TensorSpec((1, pool.count), tf.float32, name="gates")

    def picture(sr):
        return {"sr": tf.clip_by_value(sr, 0.0, 255.0)}

    module = tf.Module()
    # a SavedModel leaves out variables that it cannot see, and says nothing
    module.seen = [variable.value for variable in [*model.variables, *fused.variables]]
    # clipped for others alone: an ensemble averages what lies beyond 255 as well
    signatures = {
        PLAIN: tf.function(lambda lr: picture(model(lr, training=False)), [lr]),
        WHOLE: tf.function(lambda lr: {"sr": fused(lr, training=False)}, [lr]),
    }
    if pool.gated:
        signatures[POOL] = tf.function(lambda patches: {"gates": pool(patches)}, [patches])
        signatures[TILE] = tf.function(lambda lr, gates: {"sr": tile([lr, gates])}, [lr, gates])
    else:
        signatures[TILE] = tf.function(lambda lr: {"sr": tile(lr)}, [lr])
    with tempfile.TemporaryDirectory() as folder, converter.quiet():
        tf.saved_model.save(module, folder, signatures=signatures)
        lite = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(signatures))
        if weights == "float16":
            lite.optimizations = [tf.lite.Optimize.DEFAULT]
            lite.target_spec.supported_types = [tf.float16]
        return lite.convert()


def _difference(engine, other):
    """The largest difference between two engines' pictures, in grey levels, over all they do."""
    # edges, slopes and noise of every size: any operator gone wrong shows
    random = np.random.default_rng(0)
    y, x = np.mgrid[:72, :80]
    lr = np.stack([3.0 * y, 255.0 * ((x // 9 + y // 7) % 2), random.integers(0, 256, y.shape)], -1)
    lr = lr.astype(np.float32)
    gates = engine.pool(lr[None])
    pairs = [
        (engine.whole(lr), other.whole(lr)),
        (engine.whole(lr[:6]), other.whole(lr[:6])),
        (engine.tile(lr, gates), other.tile(lr, other.pool(lr[None]))),
    ]
    return max(float(np.abs(a - b).max()) for a, b in pairs)
