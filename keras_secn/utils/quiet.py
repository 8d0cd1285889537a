"""Programs without what TensorFlow prints at its start."""

import importlib.abc
import importlib.machinery
import logging
import os
import sys

# TensorFlow 2.21 prints these to file descriptor 2 while it is imported, whatever its settings say
KNOWN = (
    b"before absl::InitializeLog()",
    b"Could not find cuda drivers",
    b"oneDNN custom operations are on",
)
INHERITED = "KERAS_SECN_SILENT"


def silence_tensorflow():
    """Lets a program's later import of TensorFlow, whoever makes it, print nothing of its own.

    Imports nothing. All else that the import prints is shown once it is over. Processes that the
    program spawns are silent as well, by an environment variable that this package's own import
    looks for: they import TensorFlow while they unpickle their task.
    """
    os.environ[INHERITED] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # pictures of many sizes are traced anew, and TensorFlow warns of each
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path, target=None):
        if fullname != "tensorflow":
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec and spec.loader:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(importlib.abc.Loader):
    def __init__(self, loader):
        self._loader = loader

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        import tempfile  # 10 ms that a program without TensorFlow does without

        module.__spec__.loader = module.__loader__ = self._loader
        sys.stderr.flush()
        stderr = os.dup(2)
        with tempfile.TemporaryFile() as held:
            os.dup2(held.fileno(), 2)
            try:
                self._loader.exec_module(module)
            finally:
                sys.stderr.flush()
                os.dup2(stderr, 2)
                os.close(stderr)
                held.seek(0)
                lines = [line for line in held if not any(words in line for words in KNOWN)]
                sys.stderr.write(b"".join(lines).decode(errors="replace"))
