"""Super-resolution for Keras: CT-SECN and its relatives.

Names are loaded at first use: `keras-secn upscale` on the LiteRT engine must start without
importing Keras, which takes seconds.
"""

import importlib

# public name -> module that defines it
_PUBLIC = {
    "build_secn": "models",
    "build_ct_secn": "models",
    "build_edsr": "models",
    "build_network": "models",
    "scale_of": "models",
    "set_pooling": "layers",
    "load": "presets",
    "list_presets": "presets",
    "preset_card": "presets",
    "upscale": "upscaling",
    "Upscaler": "upscaling",
}
_MODULES = (
    "cascade",
    "data",
    "imresize",
    "layers",
    "lite",
    "metrics",
    "models",
    "presets",
    "training",
    "upscaling",
    "zoo",
)


def __getattr__(name):
    if name in _PUBLIC:
        return getattr(importlib.import_module(f".{_PUBLIC[name]}", __name__), name)
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*_PUBLIC, *_MODULES])
