"""`.keras` files whose descriptions name any symbol that Keras exports, at any place.

    python tests/foreign_symbols.py --count 2000 --record

Each must be refused in one line before Keras reads it, and leave Keras' settings as they were.
Hypothesis draws the symbol, how it is named and nested, and the place. `--record` keeps the counts,
see `tried.py`.
"""

import argparse
import collections
import pathlib
import sys
import tempfile

import tried
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

sys.path.insert(0, str(pathlib.Path(__file__).parent / "presets"))

OPTIONS = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--record", action="store_true", help="keep the counts in tests/tried/")
    arguments = parser.parse_args()

    import test_loading as attacks

    endings = collections.Counter()

    @settings(max_examples=arguments.count, **OPTIONS)
    @given(st.data())
    def attempt(data):
        try:
            attacks.refuse_a_symbol(honest, folder, data)
        except HypothesisException:
            raise  # a draw that Hypothesis gives up
        except Exception:
            endings["loaded, or another exception"] += 1
            raise
        endings["refused in one line"] += 1

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        honest = folder / "honest.keras"
        attacks.network().save(honest)
        attempt()
    print(dict(endings))
    if arguments.record:
        what = "`.keras`: a symbol of Keras at any place of a description"
        tried.record("keras", [(what, endings)], ["keras", "hypothesis"])


if __name__ == "__main__":
    main()
