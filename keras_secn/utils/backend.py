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
    name = _backend()
    if "keras" in sys.modules:
        return
    if not _is_installed("keras"):
        raise MissingBackend("Keras is not installed: pip install keras")
    if name not in BACKENDS:
        raise MissingBackend(
            f"KERAS_BACKEND names {name!r}; known backends are {', '.join(BACKENDS)}"
        )
    if not _is_installed(name):
        found = [backend for backend in BACKENDS if _is_installed(backend)]
        raise MissingBackend(
            f"Keras' backend is {name!r}, which is not installed: install it, or set"
            f" KERAS_BACKEND to one that is ({', '.join(found) or 'none'})"
        )


def is_ready():
    """Whether Keras could be imported, or has been."""
    try:
        require_backend()
    except MissingBackend:
        return False
    return True


def explained(error):
    """A `MissingBackend` if that is why an error was raised; else the error itself."""
    try:
        require_backend()
    except MissingBackend as missing:
        return missing
    return error


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
