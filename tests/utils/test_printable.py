"""Strangers' text on a terminal: shown, never obeyed."""

import unicodedata

import hypothesis
import hypothesis.strategies as st
import pytest

from keras_secn.utils.errors import UserError
from keras_secn.utils.printable import one_line, printable

CONTROLS = [chr(code) for code in [*range(32), *range(0x7F, 0xA0)]]
BIDI = [*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]
OTHERS = ["\u2028", "\u2029", "\ufeff", "\u00ad", "\U000e0041", "\ud800", "\udcff"]


@pytest.mark.parametrize("character", [*CONTROLS, *BIDI, *OTHERS], ids=ascii)
def test_what_acts_is_escaped(character):
    shown = printable(f"a{character}b")
    assert shown.isprintable() and character not in shown
    # Python reads it back
    assert shown == f"a{character.encode('unicode_escape').decode()}b"


@pytest.mark.parametrize(
    "name",
    [
        "plain.png",
        "C:\\a b.png",
        "Käfer",
        "写真\u3000一.jpg",
        "می\u200cخواهم",
        "👩\u200d🎨",
        "\xa0",
    ],
)
def test_what_shows_is_kept(name):
    assert printable(name) == name


@hypothesis.given(st.text(st.characters()))
def test_any_text(text):
    shown = printable(text)
    shown.encode("utf-8")
    kinds = {unicodedata.category(character) for character in shown}
    assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
    assert printable(shown) == shown
    assert len(shown.splitlines()) <= 1


def test_errors_are_one_line():
    assert one_line(UserError("a\nb.png: no")) == "a\\nb.png: no"
    assert one_line(ValueError("wrapped\n  text\x1b[0m")) == "wrapped text\\x1b[0m"
    assert one_line(MemoryError()) == "MemoryError"
