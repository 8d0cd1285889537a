"""Variables and models on one device of this process, whatever the global distribution is."""

import contextlib

import keras


@contextlib.contextmanager
def local_scope():
    """Variables made inside live on one device of this process, and models run there (JAX)."""
    if keras.backend.backend() == "tensorflow":
        yield
        return
    before = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(before)
