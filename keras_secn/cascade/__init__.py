"""Cascade training: a trained network's blocks are replaced stage by stage by lighter ones."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
