"""Runs a model on one device of this process, also under a `keras.distribution`."""

import contextlib

import keras


@contextlib.contextmanager
def local_scope():
    """Inside, variables are created and models run without a distribution (JAX)."""
    if keras.backend.backend() == "tensorflow":
        yield
        return
    before = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(before)
