"""The convolution that networks are made of."""

import keras


def conv(filters, kernel_size, name=None, **options):
    """A `Conv2D` that keeps height and width; channels come last, whatever keras.json says."""
    options = {"padding": "same", "data_format": "channels_last", **options}
    return keras.layers.Conv2D(filters, kernel_size, name=name, **options)
