"""Super-resolution for Keras: CT-SECN and its relatives.

`import keras_secn` imports Keras and registers all layers, losses and metrics with it, so that
`keras.saving.load_model` knows them. Two kinds of programs load names at first use instead, since
Keras takes seconds to start: our own (the command `keras-secn`, the scripts of the repository),
and any that runs with `KERAS_SECN_LAZY=1` in its environment. So it is as well where Keras'
backend is not installed.
"""

import os
import pathlib
import sys

import lazy_loader

from keras_secn.utils.backend import is_ready as _is_ready

__getattr__, _names, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = "0.1.0"


def __dir__():
    return [*_names(), "__version__"]


def _is_lazy():
    program = pathlib.Path((getattr(sys, "argv", None) or [""])[0])
    folder = program.resolve().parent
    folders = ("training", "tflite", "tflite/android", "benchmarks")
    # of a clone, whether the package is imported from it or was installed from it
    clones = [root for root in folder.parents[:2] if (root / "keras_secn" / "cli.py").is_file()]
    return (
        program.stem == "keras-secn"
        or "keras_secn.cli" in sys.orig_argv
        or any(folder == root / name for root in clones for name in folders)
        or os.environ.get("KERAS_SECN_LAZY", "0") != "0"
    )


if "keras" in sys.modules or (_is_ready() and not _is_lazy()):
    from keras_secn import registration as _registration  # noqa: F401
