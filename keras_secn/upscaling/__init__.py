"""Any picture, any size: `upscale`, `Upscaler`, and what they are made of.

Names are loaded at first use: the LiteRT engine needs neither TensorFlow nor Keras.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what type checkers and the API pages see; tests keep it equal to what follows
    from .lite_file import export_tiles as export_tiles
    from .upscaler import Upscaler as Upscaler
    from .upscaler import upscale as upscale

# public name -> module that defines it
_PUBLIC = {"Upscaler": "upscaler", "export_tiles": "lite_file", "upscale": "upscaler"}


def __getattr__(name):
    if name in _PUBLIC:
        return getattr(importlib.import_module(f".{_PUBLIC[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(_PUBLIC)
