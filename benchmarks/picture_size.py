"""Sizes of pictures and frames, as a user writes them."""

from keras_secn.utils.errors import UserError


def parse_size(text):
    """ "640x360" as (640, 360): width and height.

    Raises:
        UserError: anything else, or a side of 0.
    """
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdecimal() and int(part) for part in parts):
        raise UserError(f"a size is WxH, for example 640x360, not {text!r}")
    return int(parts[0]), int(parts[1])
