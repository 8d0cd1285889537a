"""LiteRT (TFLite) files: made from Keras models, checked against them, and run.

Names are loaded at first use: running a file needs neither TensorFlow nor Keras.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what type checkers and the API pages see; tests keep it equal to what follows
    from .benchmarking import benchmark as benchmark
    from .comparison import compare_kinds as compare_kinds
    from .compression import compress as compress
    from .delegates import refused as refused
    from .exporter import export as export
    from .layers_report import layer_report as layer_report
    from .metadata import info as info
    from .runtime import LiteModel as LiteModel

# public name -> module that defines it
_PUBLIC = {
    "LiteModel": "runtime",
    "benchmark": "benchmarking",
    "compare_kinds": "comparison",
    "compress": "compression",
    "export": "exporter",
    "info": "metadata",
    "layer_report": "layers_report",
    "refused": "delegates",
}


def __getattr__(name):
    if name in _PUBLIC:
        return getattr(importlib.import_module(f".{_PUBLIC[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(_PUBLIC)
