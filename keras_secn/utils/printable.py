"""Strangers' text - file names, names in files - as a terminal shows it and does not obey it."""

import unicodedata

from keras_secn.utils.errors import UserError

# zero-width joiners belong to the spelling of Persian and Hindi, and to emoji
JOINERS = "\u200c\u200d"
# control, format (among them all BIDI controls), lone surrogates; line and paragraph separators
ESCAPED = ("Cc", "Cf", "Cs", "Zl", "Zp")


def printable(text, encoding=None):
    r"""Text on one line, with every character escaped that acts on a terminal instead of showing.

    Escaped as Python writes them (`\x1b`, `\n`, `\u202e`, `\udcff`) are control codes, line ends,
    controls of writing direction, invisible characters and lone surrogates.

    Args:
        text: anything; `str` is applied to it.
        encoding: of the output; letters that it lacks are escaped as well. `None` keeps all.

    Example:
        >>> printable("photo\x1b[2J.png")
        'photo\\x1b[2J.png'
    """
    shown = "".join(
        character.encode("unicode_escape").decode("ascii")
        if unicodedata.category(character) in ESCAPED and character not in JOINERS
        else character
        for character in str(text)
    )
    return shown.encode(encoding, "backslashreplace").decode(encoding) if encoding else shown


def one_line(error):
    """What an exception says, on one printable line; its type, if it says nothing.

    A `UserError` is one line already, so that a line end in it belongs to a file's name and is
    shown; others wrap their texts.
    """
    text = str(error)
    if not isinstance(error, UserError):
        text = " ".join(text.split())
    return printable(text or type(error).__name__)
