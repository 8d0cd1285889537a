"""One file in many threads and processes: right pictures, and a process left as it was."""

import json
import multiprocessing
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pictures import noise

from keras_secn.lite import runtime
from keras_secn.lite.interpreter import LiteModel
from keras_secn.presets.store import FOLDER
from keras_secn.upscaling.upscaler import Upscaler

FILES = {
    "float": FOLDER / "pocket_secn_s.tflite",
    "float with gates": FOLDER / "ct_secn_16.tflite",
    "int8": FOLDER / "pocket_secn_l_int8.tflite",
    "int8 with gates": FOLDER / "ct_secn_16_int8.tflite",
}
FILES = {kind: path for kind, path in FILES.items() if path.is_file()}
SIZES = [(64, 64), (9, 70), (41, 33), (3, 5)]
USERS = {
    "LiteModel": lambda path: LiteModel(path, threads=1),
    "LiteModel in tiles": lambda path: LiteModel(path, threads=1, tile=32, overlap=4),
    "Upscaler": lambda path: Upscaler(path, threads=1),
    "Upscaler in tiles": lambda path: Upscaler(path, threads=1, tile=96),
}


@pytest.mark.parametrize(
    ("kind", "user"),
    [(k, u) for k in FILES for u in USERS if "gates" not in k or u.startswith("Upscaler")],
)
def test_threads_give_the_pictures_of_one_thread(kind, user):
    upscale = USERS[user](FILES[kind])
    flat = [np.full((64, 64, 3), value, np.uint8) for value in range(0, 250, 100)]
    pictures = flat + [noise(size, seed) for seed, size in enumerate(SIZES)]
    if user == "Upscaler in tiles":
        pictures.append(noise((110, 100), 9))
    expected = [upscale(picture) for picture in pictures]
    order = np.random.default_rng(0).permutation(2 * len(pictures)) % len(pictures)
    with ThreadPoolExecutor(4) as pool:
        results = pool.map(lambda index: upscale(pictures[index]), order)
        for index, result in zip(order, results, strict=True):
            np.testing.assert_array_equal(result, expected[index])


@pytest.mark.parametrize("user", ["LiteModel", "Upscaler"])
def test_a_used_one_is_pickled_and_goes_on(user):
    picture = noise((30, 20), 1)
    upscale = USERS[user](FILES["float with gates"])
    expected = upscale(picture)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(upscale))(picture), expected)


@pytest.mark.parametrize("threads", [1, 100_000, 10**30])
def test_no_more_threads_than_processors(monkeypatch, threads):
    asked = []

    class Watched(runtime.Interpreter):
        def __init__(self, **options):
            asked.append(options["num_threads"])
            super().__init__(**{**options, "num_threads": 1})

    monkeypatch.setattr(runtime, "Interpreter", Watched)
    Upscaler(FILES["float"], threads=threads)(noise((30, 20), 1))
    assert asked and max(asked) <= os.cpu_count()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize("user", ["LiteModel", "Upscaler"])
def test_a_forked_process_goes_on(user):
    picture = noise((30, 20), 1)
    upscale = (LiteModel if user == "LiteModel" else Upscaler)(FILES["float"], threads=2)
    expected = upscale(picture)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for result in pool.map_async(upscale, [picture] * 4).get(timeout=60):
            np.testing.assert_array_equal(result, expected)
        # processes that end by themselves: the signal that ends a pool may have a handler here
        pool.close()
        pool.join()


def test_the_process_is_left_as_it_was():
    code = """
import json, os, sys, warnings
import numpy as np
from keras_secn.lite import LiteModel, info
from keras_secn.upscaling.upscaler import Upscaler
def state():
    ends = [os.fstat(number)[:3] for number in (0, 1, 2)]
    mask = os.umask(0o22); os.umask(mask)
    return [ends, mask, dict(os.environ), [type(f).__name__ for f in sys.meta_path],
            len(warnings.filters), os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd")
            else []]
before = state()
picture = np.zeros((20, 20, 3), np.uint8)
dup, calls = os.dup2, []
os.dup2 = lambda *a, **k: calls.append(a) or dup(*a, **k)
for path in sys.argv[1:]:
    LiteModel(path)(picture), Upscaler(path)(picture), info(path)
print(json.dumps([before == state(), calls]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, FILES.values())], capture_output=True, text=True
    )
    assert json.loads(done.stdout) == [True, []], done.stderr


def test_a_program_may_keep_litert_quiet():
    code = (
        "import sys, numpy as np; from keras_secn.lite.runtime import greet_unseen;"
        "greet_unseen(); from keras_secn.lite import LiteModel;"
        f"LiteModel({str(FILES['float'])!r}); print('still here', file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == "still here\n"
