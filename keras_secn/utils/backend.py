"""Checks that Keras and its backend are installed, before Keras is imported."""

import importlib.util
import json
import os
import pathlib
import sys

from keras_secn.utils.errors import UserError

BACKENDS = ("tensorflow", "jax", "torch")


class MissingBackend(UserError, ImportError):
    """Keras, or the backend that it is told to use, is not installed."""


def require_backend():
    """Raises a `MissingBackend` if Keras could not be imported; imports nothing."""
    missing = _missing()
    if missing:
        raise missing


def is_ready():
    """Whether Keras could be imported, or has been."""
    return _missing() is None


def explained(error):
    """A `MissingBackend` if that is why an error was raised; else the error itself."""
    return _missing() or error


def _missing():
    if "keras" in sys.modules:
        return None
    if not _is_installed("keras"):
        return MissingBackend("Keras is not installed: pip install keras")
    name = _backend()
    if name not in BACKENDS:
        known = ", ".join(BACKENDS)
        return MissingBackend(f"KERAS_BACKEND names {name!r}; known backends are {known}")
    if not _is_installed(name):
        found = ", ".join(filter(_is_installed, BACKENDS)) or "none"
        return MissingBackend(
            f"Keras' backend is {name!r}, which is not installed: install it, or set"
            f" KERAS_BACKEND to one that is ({found})"
        )
    return None


def _backend():
    """The backend that Keras would take: the environment's, keras.json's or TensorFlow."""
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"]
    home = pathlib.Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    try:
        return str(json.loads((home / "keras.json").read_text())["backend"])
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow"


def _is_installed(name):
    if name in sys.modules:  # None stands there for what may not be imported
        return sys.modules[name] is not None
    return importlib.util.find_spec(name) is not None
