"""`.keras` files whose descriptions name any symbol that Keras exports, at any place.

    python tests/foreign_symbols.py --count 2000 --record

Each must be refused in one line before Keras reads it, and leave Keras' settings as they were.
Hypothesis draws the symbol, how it is named and nested, and the place. `--record` keeps the counts,
see `tried.py`.
"""

import argparse
import collections
import pathlib
import tempfile

import tried
from descriptions import function, instance, network, refusal, rewritten, state
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

from keras_secn.presets.keras_file import ACTIVATIONS, CLASSES

OPTIONS = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


def exported():
    """(module, name) of all that Keras exports and no list of ours holds."""
    from keras.src import api_export

    for path in api_export.REGISTERED_NAMES_TO_OBJS:
        module, _, name = path.rpartition(".")
        if name not in CLASSES.get(module, ()) and name not in ACTIVATIONS.split():
            yield module, name


def places(part):
    """(container, key) of every value in a description."""
    pairs = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in list(pairs):
        yield part, key
        if isinstance(value, dict | list):
            yield from places(value)


WORDS = st.text(max_size=12) | st.sampled_from(["keras", "os", "system", "keras.layers", "Lambda"])
SYMBOLS = st.sampled_from(sorted(exported())) | st.tuples(WORDS.map("x{}".format), WORDS)


@st.composite
def described(draw):
    """A symbol as Keras may be told of it, within lists, dictionaries and objects."""
    module, name = draw(SYMBOLS)
    if draw(st.booleans()):
        value = function(draw(st.sampled_from([module, "builtins"])), name)
    else:
        value = instance(module, name, draw(st.sampled_from([None, {}, {"name": "a"}, []])))
    value["registered_name"] = draw(st.sampled_from([None, name, "function", "callers>Around"]))
    for kind in draw(st.lists(st.sampled_from(["list", "dict", "object", "own"]), max_size=3)):
        value = {
            "list": [1, value],
            "dict": {"a": value},
            "object": instance("keras", "Sequential", {"name": "a", "layers": [value]}),
            "own": {
                **instance("callers", "Around", {"layer": value}),
                "registered_name": "callers>Around",
            },
        }[kind]
    return value


def refuse_a_symbol(honest, folder, data):
    """Draws a symbol and a place of it, and sees that the file is refused."""

    def change(description):
        found = list(places(description))
        container, key = found[data.draw(st.integers(0, len(found) - 1))]
        container[key] = data.draw(described())

    before = state(folder)
    refusal(rewritten(honest, folder / "symbol.keras", change), compile=True)
    assert state(folder) == before


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--record", action="store_true", help="keep the counts in tests/tried/")
    arguments = parser.parse_args()

    endings = collections.Counter()

    @settings(max_examples=arguments.count, **OPTIONS)
    @given(st.data())
    def attempt(data):
        try:
            refuse_a_symbol(honest, folder, data)
        except HypothesisException:
            raise  # a draw that Hypothesis gives up
        except Exception:
            endings["loaded, or another exception"] += 1
            raise
        endings["refused in one line"] += 1

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        honest = folder / "honest.keras"
        network().save(honest)
        attempt()
    print(dict(endings))
    if arguments.record:
        what = "`.keras`: a symbol of Keras at any place of a description"
        tried.record("keras", [(what, endings)], ["keras", "hypothesis"])


if __name__ == "__main__":
    main()
