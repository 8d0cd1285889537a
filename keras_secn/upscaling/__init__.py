"""Any picture, any size: `upscale`, `Upscaler`, and what they are made of.

Names are loaded at first use: the LiteRT engine needs neither TensorFlow nor Keras.
"""

import importlib

# public name -> module that defines it
_PUBLIC = {"Upscaler": "upscaler", "export_tiles": "lite_file", "upscale": "upscaler"}


def __getattr__(name):
    if name in _PUBLIC:
        return getattr(importlib.import_module(f".{_PUBLIC[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(_PUBLIC)
