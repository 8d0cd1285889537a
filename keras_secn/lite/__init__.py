"""LiteRT (TFLite) files: made from Keras models, checked against them, and run.

Names are loaded at first use: running a file needs neither TensorFlow nor Keras.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
