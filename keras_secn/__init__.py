"""Super-resolution for Keras: CT-SECN and its relatives.

Names are loaded at first use: `keras-secn upscale` on the LiteRT engine must start without
importing Keras, which takes seconds.
"""

import importlib
import os
from typing import TYPE_CHECKING

from . import quiet as _quiet

if TYPE_CHECKING:  # what type checkers and the API pages see; tests keep it equal to what follows
    from . import cascade as cascade
    from . import data as data
    from . import imresize as imresize
    from . import layers as layers
    from . import lite as lite
    from . import metrics as metrics
    from . import models as models
    from . import presets as presets
    from . import training as training
    from . import upscaling as upscaling
    from . import zoo as zoo
    from .layers import set_pooling as set_pooling
    from .models import build_ct_secn as build_ct_secn
    from .models import build_edsr as build_edsr
    from .models import build_network as build_network
    from .models import build_secn as build_secn
    from .models import scale_of as scale_of
    from .presets import list_presets as list_presets
    from .presets import load as load
    from .presets import preset_card as preset_card
    from .upscaling import Upscaler as Upscaler
    from .upscaling import upscale as upscale

if _quiet.INHERITED in os.environ:  # before anything imports TensorFlow
    _quiet.silence_tensorflow()

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
