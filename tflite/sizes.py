"""Parses sizes such as 270x480."""

from keras_secn.utils.errors import UserError


def parse_size(text):
    """ "270x480" as (270, 480): height and width.

    Raises:
        UserError: anything else, or a side of 0.
    """
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdecimal() and int(part) for part in parts):
        raise UserError(f"a size is HxW, for example 270x480, not {text!r}")
    return int(parts[0]), int(parts[1])
