"""A+: its parts against what they stand for, and a real fit."""

import pathlib

import aplus_fit as fit
import keras
import numpy as np
import pytest
from pictures import noise
from PIL import Image

from keras_secn import presets
from keras_secn.data.color import rgb_to_y
from keras_secn.data.imresize import imresize
from keras_secn.data.photo_cache import PhotoCache
from keras_secn.layers.anchored_regression import OverlapMean
from keras_secn.metrics.protocol import bicubic_upscaler, evaluate, image_upscaler
from keras_secn.models.aplus import build_aplus
from keras_secn.utils.errors import UserError

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "keras_secn" / "samples" / "train"


@pytest.mark.parametrize("scale", [2, 3])
def test_network_computes_the_features_that_are_fitted(scale):
    """One convolution with stride in the network; derivatives and components in NumPy."""
    rng = np.random.default_rng(0)
    image = rng.uniform(0, 255, (9, 10, 3)).astype("float32")
    bicubic = imresize(rgb_to_y(image), scale=scale) / 255
    views = fit.patches(bicubic, scale, 2)
    inputs = views.reshape(-1, *views.shape[2:])
    basis = rng.normal(size=(4 * (3 * scale) ** 2, 5))
    expected = (fit.derive(inputs, scale) @ basis).reshape(*views.shape[:2], 5)

    model = build_aplus(scale, anchors=4, components=5)
    model.get_layer("features").set_weights([fit._as_convolution(basis, scale)])
    features = keras.Model(model.input, model.get_layer("features").output)(image[None])[0]
    np.testing.assert_allclose(features[2:-2, 2:-2], expected, atol=2e-4)


def test_derivatives_of_a_parabola():
    y, x = np.mgrid[0:10, 0:10].astype(float)
    first_y, first_x, second_y, second_x = np.split(fit.derive((y**2 + 3 * x)[None], scale=2)[0], 4)
    np.testing.assert_allclose(first_y, np.repeat(4 * np.arange(2, 8), 6))
    np.testing.assert_allclose(first_x, 6)
    np.testing.assert_allclose(second_y, 4)
    np.testing.assert_allclose(second_x, 0)


def test_overlapping_patches_of_an_image_give_it_back():
    image = np.random.default_rng(0).normal(size=(8, 10)).astype("float32")
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, 2), (6, 6))[::2, ::2]
    patches = windows.reshape(1, 4, 5, 36)
    np.testing.assert_allclose(OverlapMean(6, 2)(patches)[0, ..., 0], image, atol=1e-6)


def test_regressors_find_the_linear_map_of_each_neighborhood():
    rng = np.random.default_rng(0)
    atoms = np.eye(4, dtype="float32")[:2]
    maps = rng.normal(size=(2, 4, 3))
    features = np.repeat(atoms, 200, axis=0) + 0.2 * rng.normal(size=(400, 4))
    features *= rng.choice([-1, 1], size=(400, 1))  # an anchor serves both directions
    residuals = np.concatenate([features[:200] @ maps[0], features[200:] @ maps[1]])
    found = fit.anchored_regressors(atoms, features, residuals, neighbors=150, ridge=1e-6)
    np.testing.assert_allclose(found, maps, atol=1e-3)


def test_dictionary_covers_the_directions_signs_aside():
    rng = np.random.default_rng(0)
    directions = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    features = directions[rng.integers(6, size=3000)] * rng.choice([-1, 1], size=(3000, 1))
    features = (features + 0.02 * rng.normal(size=features.shape)).astype("float32")
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    atoms = fit.dictionary(features, 24, seed=0)
    assert np.abs(atoms @ directions.T).max(axis=0).min() > 0.95


def test_a_small_fit_beats_bicubic_on_another_photograph(tmp_path):
    *training, other = sorted(SAMPLES.iterdir())
    folder = tmp_path / "photos"
    folder.mkdir()
    for path in training[:3]:
        (folder / path.name).symlink_to(path)
    cache = PhotoCache.build(folder, tmp_path / "cache", scale=2, progress=False)
    model = fit.fit(cache, anchors=32, components=20, samples=20_000, neighbors=512)
    ours = evaluate(image_upscaler(model), other).mean("psnr_y")
    assert ours > evaluate(bicubic_upscaler(2), other).mean("psnr_y") + 0.5


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (noise((40, 40), 1), "too few for 1024 anchors"),
        (np.full((400, 400, 3), 90, np.uint8), "0 patches that are not flat"),
        (noise((8, 40), 1), "less than 5 LR pixels"),
    ],
    ids=["small", "flat", "tiny"],
)
def test_photographs_that_are_too_few_are_named(tmp_path, picture, words):
    Image.fromarray(picture).save(tmp_path / "a.png")
    cache = PhotoCache.build([tmp_path], tmp_path / "cache", progress=False)
    with pytest.raises(UserError, match=words):
        fit.fit(cache)


def test_preset_is_where_the_paper_is(shared_data):
    """Within 0.3 dB of the published 36.54."""
    if "aplus" not in presets.list_presets():
        pytest.skip("no preset aplus")
    found = evaluate(image_upscaler(presets.load("aplus")), shared_data / "set5").mean("psnr_y")
    assert found == pytest.approx(36.54, abs=0.3)
