"""Networks with trained weights, by a preset's name or from a `.keras` file."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
