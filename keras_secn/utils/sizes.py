"""Parses sizes such as 270x480, as flags of scripts give them."""

from keras_secn.utils.errors import UserError


def parse_size(text, order="HxW"):
    """ "270x480" as (270, 480); `order` names the two sides in messages.

    Raises:
        UserError: anything else, or a side of 0.
    """
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdecimal() and int(part) for part in parts):
        example = "270x480" if order == "HxW" else "640x360"
        raise UserError(f"a size is {order}, for example {example}, not {text!r}")
    return int(parts[0]), int(parts[1])
