"""A LiteRT interpreter that threads share, and that can be pickled."""

import contextlib
import os
import pathlib
import sys
import threading
from collections.abc import Iterator

from ai_edge_litert.interpreter import Interpreter, OpResolverType

from keras_secn.presets import store
from keras_secn.utils.errors import UserError

IDENTIFIER = b"TFL3"
SMALL_FILE = "pocket_secn_s_int8.tflite"  # of a preset
# Signatures of a file for `Upscaler`; the first by alphabet is what a file shows to programs that
# know nothing of signatures
PLAIN, POOL, TILE, WHOLE = "serving_default", "statistics", "tile", "whole"
PLAIN_KERNELS = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES  # LiteRT's own, not XNNPACK's


def load_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a `.tflite` file; a `UserError` if it is missing or no LiteRT flatbuffer."""
    path = pathlib.Path(path)
    if not path.is_file():
        raise UserError(f"no such file: {path}")
    content = path.read_bytes()
    if content[4:8] != IDENTIFIER:
        raise UserError(f"{path}: not a LiteRT (.tflite) file, or a damaged one")
    return content


class Runtime:
    """Opens interpreters of one file and lends them to one thread at a time.

    An interpreter is not thread-safe, and one per thread would multiply memory: LiteRT uses several
    processors by itself, so threads take turns. A forked process opens its own interpreter. A
    pickle holds the file's bytes and the options. Arguments: see `LiteModel`.
    """

    def __init__(self, name, content, threads=None, delegate=True):
        self.name, self.content = str(name), content
        # LiteRT crashes where the system has not so many to give
        self._options = (threads and min(threads, os.cpu_count() or 1), delegate)
        self._forget()

    def _forget(self):
        self._lock, self._process, self._opened = threading.Lock(), os.getpid(), {}

    def __getstate__(self):
        return {"name": self.name, "content": self.content, "_options": self._options}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._forget()

    def open(self) -> Interpreter:
        """A new interpreter; a `UserError` if LiteRT cannot load the file."""
        threads, delegate = self._options
        options = {} if delegate else {"experimental_op_resolver_type": PLAIN_KERNELS}
        try:
            return Interpreter(model_content=self.content, num_threads=threads, **options)
        except (ValueError, RuntimeError):
            raise UserError(f"{self.name}: not a LiteRT (.tflite) file, or a damaged one") from None

    @contextlib.contextmanager
    def turn(self) -> Iterator[dict]:
        """This thread's turn, with what was kept between turns; it is empty in a new process.

        Whatever LiteRT raises within becomes a `UserError`.
        """
        if self._process != os.getpid():
            self._forget()
        with self._lock:
            try:
                yield self._opened
            except (RuntimeError, ValueError, KeyError, IndexError, TypeError) as error:
                self._opened.clear()  # half a run may be left in there
                reason = " ".join(str(error).split())[:200]
                raise UserError(f"{self.name}: LiteRT cannot run it: {reason}") from None


def greet_unseen() -> None:
    """Suppresses "Created TensorFlow Lite XNNPACK delegate", which LiteRT prints once in a process.

    For programs, before they start threads: only a redirection of file descriptor 2 keeps it quiet,
    which a library must not do.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "w") as sink:
            os.dup2(sink.fileno(), 2)
        with contextlib.suppress(ValueError, RuntimeError):
            Interpreter(str(store.FOLDER / SMALL_FILE)).allocate_tensors()
    finally:
        os.dup2(saved, 2)
        os.close(saved)
