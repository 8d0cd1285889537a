"""`.tflite` files as engines, without TensorFlow or Keras; the attributes are `KerasEngine`'s."""

import contextlib
import os
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from keras_secn.lite import metadata
from keras_secn.lite.interpreter import LiteModel
from keras_secn.utils.errors import UserError

# Signatures of a file of `lite_file.export_tiles`; the first by alphabet is what a file shows to
# programs that know nothing of signatures
PLAIN, POOL, TILE, WHOLE = "serving_default", "statistics", "tile", "whole"


def lite_engine(path, threads=None):
    """The engine for a file: ours with exact tiles, or any other super-resolution file.

    Args:
        path: a `.tflite` file.
        threads: for LiteRT; all processors that the process may use if `None`.

    Raises:
        UserError: no such file, no LiteRT file, or not a super-resolution network.
    """
    threads = threads or _processors()
    facts = metadata.info(path)
    if "tiles" in facts:
        if facts["shape"] != "dynamic":
            raise UserError(f"{path}: made for the web page, with tiles of one size only")
        return TiledFileEngine(path, facts, threads)
    return PlainFileEngine(path, threads)


def _processors():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe(path):
    """Facts that any file shows: `bytes`, `signatures`, and `operators` with their numbers.

    Raises:
        UserError: LiteRT cannot load it.
    """
    interpreter = _interpreter(path, 1)
    names = [operator["op_name"] for operator in interpreter._get_ops_details()]
    return {
        "bytes": os.path.getsize(path),
        "signatures": interpreter.get_signature_list(),
        "operators": {name: names.count(name) for name in sorted(set(names))},
    }


def _interpreter(path, threads):
    try:
        return Interpreter(str(path), num_threads=threads)
    except (ValueError, RuntimeError):
        raise UserError(f"{path}: damaged LiteRT file") from None


@contextlib.contextmanager
def _without_greeting():
    """LiteRT says at its first run that it has a delegate, in native code, beyond any filter."""
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "w") as sink:
            os.dup2(sink.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


class TiledFileEngine:
    """A file of `export_tiles`: gates first, then tiles that equal the whole image.

    Args:
        path: the file.
        facts: its metadata.
        threads: for LiteRT.
    """

    window = None
    eight_bit = False

    def __init__(self, path, facts, threads):
        self._path, self._threads = str(path), threads
        self.scale = facts["scale"]
        self.radius, self._gated = facts["tiles"]["radius"], facts["tiles"]["gated"]
        self._runners = {}

    def _run(self, signature, **inputs):
        if signature in self._runners:
            return self._result(signature, inputs)
        # each keeps the memory of its largest run, which is small for gates: those stay, so that
        # the next picture need not start over, and of tiles and whole pictures one does
        self._runners = {
            name: run for name, run in self._runners.items() if POOL in (name, signature)
        }
        interpreter = _interpreter(self._path, self._threads)
        self._runners[signature] = interpreter.get_signature_runner(signature)
        with _without_greeting():
            return self._result(signature, inputs)

    def _result(self, signature, inputs):
        return next(iter(self._runners[signature](**inputs).values()))

    def whole(self, lr):
        return self._run(WHOLE, lr=lr[None])[0]

    def pool(self, patches):
        return self._run(POOL, patches=patches) if self._gated else None

    def tile(self, lr, gates):
        inputs = {"lr": lr[None]} if gates is None else {"lr": lr[None], "gates": gates}
        return self._run(TILE, **inputs)[0]


class PlainFileEngine:
    """Any other super-resolution file; channel means, if it takes any, are a tile's own.

    Args:
        path: the file.
        threads: for LiteRT.
    """

    eight_bit = True

    def __init__(self, path, threads):
        with _without_greeting():
            self._model = LiteModel(path, threads)
        self.scale = self._model.scale
        self.radius = self._model.overlap
        self.window = self._model.fixed_size

    def whole(self, lr):
        return self._model(lr.astype(np.uint8)).astype(np.float32)

    def pool(self, patches):
        return None

    def tile(self, lr, gates):
        return self.whole(lr)
