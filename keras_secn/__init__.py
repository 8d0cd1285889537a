"""Super-resolution for Keras: CT-SECN and its relatives.

Names are loaded at first use: `keras-secn upscale` on LiteRT starts without importing Keras, which
takes seconds. Where Keras is loaded already, the layers and losses are registered with it at once.
"""

import sys

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = "0.1.0"

if "keras" in sys.modules:
    from keras_secn import layers as layers
    from keras_secn.training import losses as losses
