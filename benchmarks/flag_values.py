"""What a user writes in lists of flags: sizes and numbers."""

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


def whole_numbers(texts, flag):
    """The numbers in a list that a flag was given.

    Raises:
        UserError: one is no whole number.
    """
    for text in texts:
        if not text.isdecimal():
            raise UserError(f"--{flag} are whole numbers, not {text!r}")
    return [int(text) for text in texts]
