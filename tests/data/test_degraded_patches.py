"""Degraded patches: cut from the whole photograph, a function of the step, seen by trainings."""

import keras
import numpy as np
import pytest
from pictures import noise, noisy
from system_run import SystemSettings, run_system

from keras_secn.cascade.run import calibration
from keras_secn.data import PatchDataset
from keras_secn.data.degradation import (
    DEGRADATIONS,
    KERNELS,
    Degradation,
    compress,
    parse_degradation,
)
from keras_secn.data.dihedral import dihedral
from keras_secn.data.imresize import imresize
from keras_secn.data.photo_cache import cache_pairs
from keras_secn.training import Recipe
from keras_secn.training.distillation import TaughtPatches

DEGRADED = ["jpeg", "photo"]
CERTAIN = {kernel: Degradation(kernel, clean=0.0, kernels=(kernel,)) for kernel in KERNELS}


def cache_of(tmp_path, pictures, scale=2):
    """A cache of HR pictures, reduced as `PhotoCache.build` does."""

    def produce(start, end):
        for number, hr in list(enumerate(pictures))[start:end]:
            yield str(number), hr, imresize(hr, scale=1 / scale)

    states = [(str(number), hr.size) for number, hr in enumerate(pictures)]
    return cache_pairs(
        tmp_path / "cache", "pictures", states, scale, produce, strict=False, progress=False
    )


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("kernel", KERNELS)
def test_patches_are_cut_from_the_degraded_photograph(tmp_path, kernel, scale):
    """Neighbors, margins and turns change nothing: a patch is that of the whole photograph."""
    pictures = [noise((26 * scale, 20 * scale), 1), noise((18 * scale, 33 * scale), 2)]
    cache = cache_of(tmp_path, pictures, scale)
    reduced = cache_of(tmp_path / "whole", pictures, scale)
    whole = [parse_degradation(kernel)(hr, scale) for hr in pictures]
    reduced.lr = whole.__getitem__
    options = {"batch_size": 40, "hr_patch": 12 * scale, "seed": 3}
    lr, hr = PatchDataset(cache, **options, degradation=CERTAIN[kernel])[0]
    expected, same = PatchDataset(reduced, **options)[0]
    np.testing.assert_array_equal(hr, same)
    # a turned picture is rounded between the two passes in another order
    assert np.abs(lr - expected).max() <= (0 if kernel in ("bicubic", "area") else 1)


@pytest.mark.parametrize("codec", ["jpeg", "webp"])
def test_a_patch_is_encoded_with_its_neighbors_and_then_cut_out(tmp_path, codec):
    """Patches of a photograph of one patch have no neighbors: they are the encoded photograph."""
    hr = noise((48, 48), 4)
    cache = cache_of(tmp_path, [hr])
    mixture = Degradation("x", clean=0.0, quality=(30, 30), subsampled=1.0, **{codec: 1.0})
    lr, _ = PatchDataset(cache, 8, 48, degradation=mixture)[0]
    expected = [compress(dihedral(cache.lr(0), turn), codec, 30) for turn in range(8)]
    for patch in lr:
        assert any(np.array_equal(patch, picture) for picture in expected)


def blockiness(patches):
    """Of each of the eight columns modulo 8, the mean step to its left neighbor."""
    steps = np.abs(np.diff(patches.astype(float), axis=1)).mean(axis=(0, 2))
    return [steps[(phase - 1) % 8 :: 8].mean() for phase in range(8)]


@pytest.mark.parametrize("axis", [0, 1])
def test_the_grid_lies_at_any_offset(tmp_path, axis):
    hr = noisy((800, 800, 3), 5)
    cache = cache_of(
        tmp_path, [np.asarray(parse_degradation("area")(hr, 2).repeat(2, 0).repeat(2, 1))]
    )
    mixture = Degradation("x", clean=0.0, jpeg=1.0, quality=(20, 20), subsampled=0.0)
    data = PatchDataset(cache, 32, 128, degradation=mixture)
    found, drawn = [], []
    for step in range(2):
        lr, _ = data[step]
        for row, patch in enumerate(lr):
            found.append(np.argmax(blockiness(patch if axis else np.swapaxes(patch, 0, 1))))
            history = mixture.draw(np.random.default_rng([0, step, row, 1]))
            drawn.append(-history.offset[axis] % 8)
    assert set(found) == set(range(8))
    # at the photograph's border the grid begins there instead
    assert np.mean(np.equal(found, drawn)) > 0.9


@pytest.mark.parametrize("name", DEGRADED)
def test_batches_are_a_function_of_seed_and_step(build_cache, name):
    cache, options = build_cache(), {"batch_size": 6, "hr_patch": 24, "seed": 7}
    options["degradation"] = DEGRADATIONS[name]
    one = PatchDataset(cache, **options)
    one[3]
    resumed = PatchDataset(cache, **options, start_step=2)
    for a, b in zip(one[2], resumed[0], strict=True):
        np.testing.assert_array_equal(a, b)
    other = PatchDataset(cache, **{**options, "seed": 8})
    assert not np.array_equal(one[0][0], other[0][0])


@pytest.mark.parametrize("name", DEGRADED)
@pytest.mark.parametrize("count", [2, 3, 6])
def test_shards_together_are_the_batch(build_cache, name, count):
    cache, mixture = build_cache(), DEGRADATIONS[name]
    whole = PatchDataset(cache, 6, 24, degradation=mixture)[7]
    for index in range(count):
        part = PatchDataset(cache, 6, 24, shard=(index, count), degradation=mixture)[7]
        for a, b in zip(part, whole, strict=True):
            np.testing.assert_array_equal(a, b[index::count])


@pytest.mark.parametrize("name", DEGRADED)
def test_positions_turns_and_clean_patches_are_those_of_no_degradation(build_cache, name):
    cache, mixture = build_cache(), DEGRADATIONS[name]
    plain = PatchDataset(cache, 64, 24, seed=1)[4]
    default = PatchDataset(cache, 64, 24, seed=1, degradation=DEGRADATIONS["none"])[4]
    lr, hr = PatchDataset(cache, 64, 24, seed=1, degradation=mixture)[4]
    for a, b in zip(plain, default, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(hr, plain[1])
    same = np.all(lr == plain[0], axis=(1, 2, 3)).mean()
    assert mixture.clean / 3 < same < mixture.clean * 3
    assert np.abs(lr - plain[0]).mean() < 12  # the patch itself, and not another place


def test_what_was_drawn_before_degradations_came_is_drawn_still(tmp_path):
    y, x = np.mgrid[:40, :60].astype(np.uint8)
    hr = np.stack([y, x, y], axis=-1)
    lr, _ = PatchDataset(cache_of(tmp_path, [hr]), 16, 24, seed=3)[5]
    rng = np.random.default_rng([3, 5])
    top, left = np.divmod(rng.integers(9 * 19, size=16), 19)
    turn = rng.integers(8, size=16)
    reduced = imresize(hr, scale=0.5)
    for row in range(16):
        patch = reduced[top[row] : top[row] + 12, left[row] : left[row] + 12]
        np.testing.assert_array_equal(lr[row], dihedral(patch, turn[row]))


def test_trainings_see_the_degraded_patches(build_cache, tmp_path):
    cache, weights = build_cache(), {}
    scores = {"val_psnr": 0.0, "val_ssim": 0.0}
    for name, mixture in DEGRADATIONS.items():
        options = {"interval": 2, "batch_size": 4, "hr_patch": 24, "degradation": mixture}
        run = SystemSettings("espcn", Recipe(2, **options))
        model, _ = run_system(run, cache, tmp_path / name, validate=lambda _: scores)
        weights[name] = np.concatenate([w.ravel() for w in model.get_weights()])
    names = list(weights)
    for one, other in zip(names, names[1:] + names[:1], strict=True):
        assert not np.array_equal(weights[one], weights[other])


@pytest.mark.parametrize("name", DEGRADED)
def test_a_teacher_of_patches_sees_what_the_student_sees(build_cache, name):
    inputs = keras.Input((None, None, 3))
    teacher = keras.Model(inputs, keras.layers.UpSampling2D(2)(inputs))
    options = {"batch_size": 4, "hr_patch": 24, "degradation": DEGRADATIONS[name]}
    lr, hr = TaughtPatches(build_cache(), teacher, **options)[1]
    np.testing.assert_array_equal(lr, PatchDataset(build_cache(), **options)[1][0])
    np.testing.assert_array_equal(hr, lr.repeat(2, axis=1).repeat(2, axis=2))


@pytest.mark.parametrize("name", DEGRADED)
def test_new_blocks_are_fitted_on_what_is_trained_on(build_cache, name):
    recipe = Recipe(2, hr_patch=24, seed=3, degradation=DEGRADATIONS[name])
    expected, _ = PatchDataset(build_cache(), 64, 24, 3, degradation=recipe.degradation)[0]
    np.testing.assert_array_equal(calibration("lstsq", build_cache(), recipe), expected)
