"""The convolution that networks are made of."""

import keras


def conv(filters, kernel_size, name=None, **options):
    """A `keras.layers.Conv2D` that keeps height and width.

    Channels come last, whatever `image_data_format` in keras.json says.

    Args:
        filters, kernel_size, name, options: of `Conv2D`.
    """
    options = {"padding": "same", "data_format": "channels_last", **options}
    return keras.layers.Conv2D(filters, kernel_size, name=name, **options)
