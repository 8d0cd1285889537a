"""LiteRT (TFLite) files: made from Keras models, checked against them, and run.

Names are loaded at first use: running a file needs neither TensorFlow nor Keras.
"""

import importlib

# public name -> module that defines it
_PUBLIC = {
    "LiteModel": "runtime",
    "benchmark": "benchmarking",
    "compare_kinds": "comparison",
    "compress": "compression",
    "export": "exporter",
    "export_tiled": "exporter",
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
