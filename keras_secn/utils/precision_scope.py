"""The precision in which new layers compute."""

import contextlib

import keras


@contextlib.contextmanager
def precision_scope(precision):
    """Layers made inside compute in `precision`, a Keras dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
