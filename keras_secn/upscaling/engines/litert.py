"""`.tflite` files as engines, without TensorFlow or Keras; same interface as `KerasEngine`."""

import os

import numpy as np

from keras_secn.lite import metadata
from keras_secn.lite.interpreter import LEAST, LiteModel
from keras_secn.lite.runtime import POOL, TILE, WHOLE, Runtime, load_bytes
from keras_secn.utils.errors import UserError


def lite_engine(path, threads=None):
    """The engine for a `.tflite` file: ours, with exact tiles, or another super-resolution one."""
    threads = threads or _processors()
    facts = metadata.facts_of(path)
    if facts and facts.tiles:
        return TiledFileEngine(path, facts, threads)
    engine = PlainFileEngine(path, threads)
    if facts and facts.scale != engine.scale:
        raise _wrong_scale(path, facts.scale)
    return engine


def _processors():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _wrong_scale(path, scale):
    return UserError(f"{path}: says that it enlarges {scale} times, and does not")


class TiledFileEngine:
    """A file of `export_tiles`: gates first, then tiles that equal the whole image.

    Its facts are its `metadata.FileFacts`. Any number of threads may use it, see `Runtime`.
    """

    window = None

    def __init__(self, path, facts, threads):
        self._runtime = Runtime(path, load_bytes(path), threads)
        self.scale, self.eight_bit = facts.scale, facts.io == "uint8"
        self.radius, self._gated = facts.tiles.radius, facts.tiles.gated

    def _run(self, signature, **inputs):
        if self.eight_bit:
            inputs = {
                key: value.astype(np.uint8) if value.dtype == np.float32 else value
                for key, value in inputs.items()
            }
        with self._runtime.turn() as runners:
            if signature not in runners:
                # a runner keeps the memory of its largest run: that of gates is small and stays,
                # those of tiles and of whole pictures take each other's place
                for name in [name for name in runners if POOL not in (name, signature)]:
                    del runners[name]
                runners[signature] = self._runtime.open().get_signature_runner(signature)
            return runners[signature](**inputs)

    def _picture(self, signature, lr, **gates):
        height, width = lr.shape[:2]
        least = LEAST if self.eight_bit else 1
        missing = max(0, least - height), max(0, least - width)
        if any(missing):
            lr = np.pad(lr, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
        expected = (1, self.scale * lr.shape[0], self.scale * lr.shape[1], 3)
        (sr,) = self._run(signature, lr=lr[None], **gates).values()
        if sr.shape != expected:
            raise _wrong_scale(self._runtime.name, self.scale)
        return sr[0, : self.scale * height, : self.scale * width]

    def whole(self, lr):
        return self._picture(WHOLE, lr)

    def pool(self, patches):
        return self._run(POOL, patches=patches) if self._gated else None

    def tile(self, lr, gates):
        return self._picture(TILE, lr, **(gates or {}))


class PlainFileEngine:
    """Any other super-resolution file; channel means, if it takes any, are a tile's own."""

    eight_bit = True

    def __init__(self, path, threads):
        self._model = LiteModel(path, threads)
        self.scale = self._model.scale
        self.radius = self._model.overlap
        self.window = self._model.fixed_size

    def whole(self, lr):
        return self._model(lr.astype(np.uint8, copy=False))

    def pool(self, patches):
        return None

    def tile(self, lr, gates):
        return self.whole(lr)
