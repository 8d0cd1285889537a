"""Enlarges any picture to any size: `upscale`, `Upscaler` and their parts.

Names are loaded at first use: the LiteRT engine needs neither TensorFlow nor Keras.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
