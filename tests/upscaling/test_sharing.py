"""One upscaler in many threads gives each its own picture; it can be sent to other processes."""

import copy
import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from keras_secn import models
from keras_secn.upscaling import enlarge, tiling
from keras_secn.upscaling.upscaler import Upscaler

# flat pictures of one gray each, small and large, and the gates of the large ones sampled
SIZES = ((64, 64), (31, 77), (64, 64), (6, 9))
FLAT = [np.full((*SIZES[i % 4], 3), value, np.uint8) for i, value in enumerate(range(0, 250, 10))]
NOISE = [
    np.random.default_rng(i).integers(0, 256, (*size, 3), np.uint8) for i, size in enumerate(SIZES)
]
ENGINES = ["keras", "litert"]


@pytest.mark.parametrize("engine", ENGINES)
def test_threads_get_their_own_pictures(engine):
    upscaler = Upscaler("pocket_secn_s", engine=engine)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(upscaler, FLAT * 4))
    for picture, result in zip(FLAT * 4, results, strict=True):
        assert np.abs(result.astype(int) - int(picture[0, 0, 0])).max() <= 2


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("ensemble", [False, True])
def test_threads_equal_one_thread(engine, ensemble, tiny_file, tiny_network, monkeypatch):
    for module, name, value in (
        (tiling, "POOLED_WHOLE", 1600),
        (enlarge, "POOLED_WHOLE", 1600),
        (tiling, "SAMPLED", 1024),
        (tiling, "PATCH", 16),
    ):
        monkeypatch.setattr(module, name, value)
    model = tiny_network if engine == "keras" else tiny_file
    upscaler = Upscaler(model, tile=40, ensemble=ensemble)
    expected = [upscaler(picture) for picture in NOISE]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(upscaler, NOISE * 5))
    for one, other in zip(expected * 5, results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_threads_may_make_upscalers_of_one_model(tiny_network):
    expected = Upscaler(tiny_network, tile=40)(NOISE[1])
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: Upscaler(tiny_network, tile=40)(NOISE[1]), range(4)))
    for result in results:
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(
    ("engine", "used"),
    [
        ("keras", False),
        ("keras", True),
        ("litert", False),
        ("litert", True),
    ],
)
def test_pickles_and_copies(engine, used, tiny_file, tiny_network):
    upscaler = Upscaler(tiny_network if engine == "keras" else tiny_file, tile=40)
    if used:
        upscaler(NOISE[0])
    expected = None
    for other in (pickle.loads(pickle.dumps(upscaler)), copy.deepcopy(upscaler)):
        expected = upscaler(NOISE[1]) if expected is None else expected
        np.testing.assert_array_equal(other(NOISE[1]), expected)


@pytest.mark.parametrize(
    "engine",
    ENGINES,
)
def test_other_processes(engine):
    upscaler = Upscaler("pocket_secn_s", engine=engine)
    expected = upscaler(NOISE[1])
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        result = pool.map(upscaler, [NOISE[1]])[0]
    # the other process may divide its sums among threads otherwise
    assert np.abs(result.astype(int) - expected).max() <= 1


def test_a_model_with_a_loss_of_its_own_can_be_sent():
    model = models.build_ct_secn(n=1, blocks=1, filters=4)
    model.compile("adam", lambda hr, sr: keras.ops.mean(hr - sr))
    upscaler = Upscaler(model, tile=40)
    other = pickle.loads(pickle.dumps(upscaler))
    np.testing.assert_array_equal(other(NOISE[0]), upscaler(NOISE[0]))
