"""What a user writes in lists of flags."""

from keras_secn.utils.errors import UserError


def whole_numbers(texts, flag):
    """The numbers in a list that a flag was given.

    Raises:
        UserError: one is no whole number.
    """
    for text in texts:
        if not text.isdecimal():
            raise UserError(f"--{flag} are whole numbers, not {text!r}")
    return [int(text) for text in texts]
