"""A Keras network as an engine: for GPUs, and the reference for LiteRT files."""

import threading

import keras

# unpickled networks are made of them
from keras_secn import layers as layers
from keras_secn.models.edsr_trunk import scale_of
from keras_secn.rewrite.external_gates import PooledNetwork, TileNetwork
from keras_secn.rewrite.fuse_upsampler import fuse_upsampler
from keras_secn.upscaling.engines.receptive_field import receptive_radius
from keras_secn.utils.allocator import give_back_memory
from keras_secn.utils.errors import UserError


class KerasEngine:
    """The interface of engines, for a Keras network; `lite_engine` has the same for files.

    Threads may share an engine: one of them computes at a time, on all processors. It can be
    pickled, with its network. On Linux, `keras_secn.utils.allocator.keep_freed_memory` makes large
    pictures up to twice as fast.

    Attributes:
        scale: enlargement.
        radius: overlap in LR pixels that makes tiles exact; `None` if the network sees the whole
            image.
        window: (height, width) if it takes tiles of one size only, else `None`.
        eight_bit: whether pictures pass through it in 8 bits.
    """

    window = None
    eight_bit = False

    def __init__(self, model):
        model = _uncompiled(model)
        _check_any_size(model)
        self.__setstate__((model, scale_of(model), receptive_radius(model)))

    def __getstate__(self):
        return self._model, self.scale, self.radius

    def __setstate__(self, state):
        self._model, self.scale, self.radius = state
        self._whole = fuse_upsampler(self._model)
        self._pool = PooledNetwork(self._whole)
        self._tile = TileNetwork(self._whole)
        self._lock = threading.Lock()

    def whole(self, lr):
        """Enlarges a whole image, float32 (H, W, 3) in 0..255, at least 6 LR pixels a side."""
        return self._run(self._whole, lr[None])[0]

    def pool(self, patches):
        """The gates of an image from (P, h, w, 3) of it; `None` if the network has none."""
        return self._run(self._pool, patches) if self._pool.gated else None

    def tile(self, lr, gates):
        """Enlarges a tile of an image, given the image's gates."""
        inputs = [lr[None], gates] if self._tile.gated else lr[None]
        return self._run(self._tile, inputs)[0]

    def _run(self, network, inputs):
        # Keras keeps what it traced, and on JAX the state of a run, in the model
        with self._lock:
            result = network.predict_on_batch(inputs)
            give_back_memory()
        return result


def _check_any_size(model):
    shape = getattr(model, "input_shape", None)
    if isinstance(shape, tuple) and len(shape) == 4 and any(shape[1:3]):
        raise UserError(
            f"{model.name} takes pictures of one size, {shape[1]}x{shape[2]} (height, width);"
            " build it with keras.Input((None, None, 3))"
        )


def _uncompiled(model):
    """A new model on the same layers, without the user's optimizer, loss and traced functions."""
    if isinstance(model, keras.Function | keras.Sequential):
        return keras.Model(model.inputs, model.outputs[0], name=model.name)
    raise UserError(
        f"{model.name} is a subclass of keras.Model, whose layers cannot be followed; give"
        " keras.Model(x, model(x)) with x = keras.Input((None, None, 3))"
    )
