"""Mutated `.tflite` files, tried one after another in child processes that may crash.

    python tests/mutated_tflite.py 1000 --record

Every file must end in a picture or in one `UserError`. LiteRT itself, which is C++, may still
crash on a damaged graph: those are counted apart. `--record` keeps the counts, see `tried.py`.
"""

import argparse
import collections
import json
import pathlib
import signal
import subprocess
import sys
import tempfile

import numpy as np
import tried
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

SECONDS = 60  # of a processor, for one file
MEMORY = 6 << 30  # bytes of a child's address space: a damaged shape may ask for any
ODD = [0, 1, -2, 9, 2.5, 3, "2", "", None, True, [], {}, "x", 1e300, 10**400, -1, "\x1b[2J", "a\nb"]


def mutated(content, random):
    """One mutated file: flipped bits, bytes, a cut, or odd metadata."""
    kind = random.integers(5)
    if kind == 0:
        return with_facts(content, lambda facts: _odd_facts(facts, random))
    data = bytearray(content)
    if kind == 1:
        return bytes(data[: random.integers(len(data))])
    # offsets and the graph lie behind the weights in one half of the files, before them in others
    low, high = [(0, len(data)), (0, 4000), (max(0, len(data) - 20_000), len(data))][kind - 2]
    for place in random.integers(low, min(high, len(data)), random.integers(1, 9)):
        data[place] = random.choice([data[place] ^ (1 << random.integers(8)), 0, 255, 127])
    return bytes(data)


def with_facts(content, change):
    """A file whose metadata `change` has been through, a function of the facts as a dictionary."""
    model = flatbuffer_utils.read_model_from_bytearray(content)
    for entry in model.metadata or []:
        if entry.name in ("keras_secn", b"keras_secn"):
            facts = json.loads(bytes(model.buffers[entry.buffer].data))
            buffer = schema.BufferT()
            buffer.data = list(json.dumps(change(facts)).encode())
            model.buffers.append(buffer)
            entry.buffer = len(model.buffers) - 1
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _odd_facts(facts, random):
    def odd():
        return ODD[random.integers(len(ODD))]

    part = facts["tiles"] if random.random() < 0.3 and "tiles" in facts else facts
    key = list(part)[random.integers(len(part))]
    if random.random() < 0.2:
        del part[key]
    else:
        part[key] = odd()
    if random.random() < 0.1:
        facts = odd()
    elif random.random() < 0.2:
        facts["bytes"] = facts["file"] = "foreign"
    return facts


def try_all(files):
    """What each file ended in, by its path: "picture", "refused", "crash" or another text."""
    left, found = list(files), {}
    while left:
        child = subprocess.Popen(
            [sys.executable, __file__, "--child", *map(str, left)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            output = child.communicate(timeout=20 * SECONDS + 2 * len(left))[0]
        except subprocess.TimeoutExpired:
            child.kill()
            output = child.communicate()[0]
        lines = output.splitlines()
        for path, line in zip(left, lines, strict=False):
            found[path] = line
        if len(lines) < len(left):
            crash = "endless" if child.returncode == -signal.SIGPROF else "crash"
            found[left[len(lines)]] = crash if child.returncode < 0 else "ended"
        left = left[len(lines) + 1 :]
    return found


def _child(paths):
    import resource

    from keras_secn.lite.describe import describe
    from keras_secn.upscaling.upscaler import Upscaler
    from keras_secn.utils.errors import UserError

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    picture = np.random.default_rng(0).integers(0, 256, (24, 30, 3), np.uint8)
    for path in paths:
        # kills the child: a loop counts as a crash
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        endings = set()
        for run in (describe, lambda file: Upscaler(file, scale=2, threads=1)(picture)):
            try:
                result = run(path)
                if run is not describe and result.shape != (48, 60, 3):
                    endings.add(f"shape {result.shape}")
                if run is describe and result["file"] != path:
                    endings.add("foreign facts")
            except UserError as error:
                lines = str(error).splitlines()
                plain = len(lines) == 1 and str(error).isprintable()
                endings.add("refused" if plain else f"message {str(error)!r}")
            except BaseException as error:
                endings.add(f"{type(error).__name__}: {error!r}")
        odd = endings - {"refused"}
        print(" ".join(sorted(odd)) or ("refused" if endings else "picture"), flush=True)


def main(count):
    """Tries so many files, and prints what they ended in."""
    weights = pathlib.Path(__file__).parents[1] / "keras_secn" / "presets" / "weights"
    bases = [path.read_bytes() for path in sorted(weights.glob("pocket_secn_s*.tflite"))]
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number in range(count):
            files.append(pathlib.Path(folder) / f"{number}.tflite")
            files[-1].write_bytes(mutated(bases[number % len(bases)], random))
        found = try_all(files)
    for path, ending in found.items():
        if ending not in ("picture", "refused"):
            print(f"{path.name}: {ending}")
    counts = collections.Counter(found.values())
    for ending, times in counts.most_common():
        print(f"{times:6} {ending}")
    return counts


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(sys.argv[2:])
    else:
        parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
        parser.add_argument("count", type=int)
        parser.add_argument("--record", action="store_true", help="keep the counts")
        arguments = parser.parse_args()
        counts = main(arguments.count)
        if arguments.record:
            what = "`.tflite`: bits, bytes, cuts and metadata changed"
            tried.record("tflite", [(what, dict(counts.most_common()))], ["ai_edge_litert"])
