"""Text from outside (file names, metadata) made safe to print on a terminal."""

import sys
import unicodedata

from keras_secn.utils.errors import UserError

# zero-width joiners belong to the spelling of Persian and Hindi, and to emoji
JOINERS = "\u200c\u200d"
# control, format (among them all BIDI controls), lone surrogates; line and paragraph separators
ESCAPED = ("Cc", "Cf", "Cs", "Zl", "Zp")


def printable(text):
    r"""Text on one line, with control characters escaped as Python writes them.

    These are control codes (`\x1b`), line ends (`\n`), controls of writing direction (`\u202e`),
    invisible characters and lone surrogates (`\udcff`).
    """
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if unicodedata.category(character) in ESCAPED and character not in JOINERS
        else character
        for character in str(text)
    )


def one_line(error):
    """The message of an exception on one printable line, or its type if it has none.

    A `UserError` is one line: a line end in it belongs to a file's name and is escaped.
    """
    text = str(error)
    if not isinstance(error, UserError):
        text = " ".join(text.split())
    return printable(text or type(error).__name__)


def warn(text):
    """Prints a warning, one printable line, on stderr."""
    print(f"warning: {printable(text)}", file=sys.stderr)
