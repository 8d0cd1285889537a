"""How LR pictures come to be: alignment, codecs, chances, and trainings on them."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import noise
from scripts import script
from system_run import SystemSettings, run_system

from keras_secn.cascade.run import calibration
from keras_secn.data import PatchDataset
from keras_secn.data.degradation import (
    DEGRADATIONS,
    KERNELS,
    Degradation,
    History,
    compress,
    parse_degradation,
)
from keras_secn.data.dihedral import dihedral
from keras_secn.data.imresize import imresize
from keras_secn.data.photo_cache import cache_pairs
from keras_secn.training import Recipe
from keras_secn.training.distillation import TaughtPatches
from keras_secn.training.run_folder import run_folder
from keras_secn.utils.errors import UserError

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


def noisy(shape, seed, deviation=20):
    """Uncorrelated pixels around middle gray, seldom clipped."""
    return np.random.default_rng(seed).normal(128, deviation, shape).clip(0, 255).astype(np.uint8)


# --- kernels


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_ramp_stays_the_ramp_under_every_kernel(kernel, scale):
    y, x = np.mgrid[: 20 * scale, : 24 * scale]
    # a slope that makes whole numbers of LR pixels' centers, (i + 0.5) * scale - 0.5
    hr = np.stack([2 * x, 2 * y, 255 - 2 * x], axis=-1).astype(np.uint8)
    i, j = np.mgrid[:20, :24]
    down, right = (scale * index + (scale - 1) / 2 for index in (i, j))
    expected = np.stack([2 * right, 2 * down, 255 - 2 * right], axis=-1)
    lr = parse_degradation(kernel)(hr, scale)
    assert lr.dtype == np.uint8
    np.testing.assert_array_equal(lr[4:-4, 4:-4], expected[4:-4, 4:-4])


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels_move_and_turn_with_the_picture(kernel, scale):
    hr = noisy((24 * scale, 24 * scale, 3), 3)
    reduce = parse_degradation(kernel)
    whole = reduce(hr, scale).astype(int)
    moved = reduce(hr[scale:, 2 * scale :], scale)
    np.testing.assert_array_equal(moved[4:-4, 4:-4], whole[5:-4, 6:-4])
    for turn in range(8):
        # the two passes round in another order, by half a level each
        error = np.abs(reduce(dihedral(hr, turn), scale) - dihedral(whole, turn))
        assert error.max() <= 2 and error.mean() < 0.25


def test_without_antialiasing_fine_stripes_stay():
    hr = np.zeros((64, 64, 3), np.uint8)
    hr[:, ::4] = 255
    hr[:, 1::4] = 255
    contrast = {kernel: np.ptp(parse_degradation(kernel)(hr, 4)[8, 4:-4]) for kernel in KERNELS}
    assert max(contrast.values()) == 0  # whole periods: every kernel sees the same everywhere
    contrast = {kernel: np.ptp(parse_degradation(kernel)(hr, 3)[8, 4:-4]) for kernel in KERNELS}
    assert contrast["bicubic_noaa"] == 255 > 2 * contrast["bicubic"]


def test_the_kernel_without_antialiasing_is_opencvs():
    # cv2.resize(np.arange(8) ** 2, (4, 1), interpolation=cv2.INTER_CUBIC) away from the ends:
    # -3/32, 19/32, 19/32, -3/32 of 1, 4, 9, 16 and of 9, 16, 25, 36
    hr = np.repeat(np.arange(8, dtype=np.uint8)[None, :, None] ** 2, 8, axis=0).repeat(3, axis=2)
    lr = parse_degradation("bicubic_noaa")(hr, 2)
    assert lr[2, 1:3, 0].tolist() == [
        round((19 * 13 - 3 * 17) / 32),
        round((19 * 41 - 3 * 45) / 32),
    ]


# --- patches


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


# --- mixtures


def test_chances_are_what_the_mixture_says():
    mixture = DEGRADATIONS["photo"]
    draws = [mixture.draw(np.random.default_rng([1, i])) for i in range(4000)]
    kept = [history for history in draws if history]
    assert 1 - len(kept) / len(draws) == pytest.approx(mixture.clean, abs=0.02)

    def share(test):
        return pytest.approx(np.mean([bool(test(history)) for history in kept]), abs=0.03)

    assert mixture.blurred == share(lambda h: h.blur)
    assert mixture.noisy == share(lambda h: h.noise)
    assert mixture.jpeg == share(lambda h: h.codec == "jpeg")
    assert mixture.webp == share(lambda h: h.codec == "webp")
    assert mixture.subsampled == share(lambda h: h.subsampled)
    for kernel in mixture.kernels:
        assert mixture.kernels.count(kernel) / len(mixture.kernels) == share(
            lambda h, kernel=kernel: h.kernel == kernel
        )
    assert max(h.noise for h in kept) <= mixture.noise and max(h.blur for h in kept) <= mixture.blur
    assert {h.quality for h in kept} == set(range(25, 97))
    assert {h.offset[0] for h in kept} == {h.offset[1] for h in kept} == set(range(16))


@pytest.mark.parametrize("mixture", DEGRADATIONS.values(), ids=DEGRADATIONS)
def test_mixtures_come_back_from_json(mixture):
    assert Degradation(**json.loads(json.dumps(dataclasses.asdict(mixture)))) == mixture
    assert hash(mixture) == hash(dataclasses.replace(mixture))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"clean": 1.2}, "clean is a share"),
        ({"jpeg": 0.7, "webp": 0.4}, "shares of one whole"),
        ({"kernels": ("nearest",)}, "nearest.*known: bicubic, area"),
        ({"kernels": ()}, "known: bicubic"),
        ({"quality": (0, 50)}, "1 to 100"),
        ({"quality": (80, 50)}, "1 to 100"),
        ({"noise": -1.0}, "at least 0"),
    ],
)
def test_mixtures_that_cannot_be(options, words):
    with pytest.raises(UserError, match=words):
        Degradation(**options)


# --- pictures of a benchmark


SHAPE = st.tuples(st.integers(4, 41), st.integers(4, 41))
KIND = st.sampled_from(
    ["png", "jpeg95", "jpeg60", "jpeg75_444", "webp80", "noise5", *KERNELS],
)


@settings(max_examples=60, deadline=None)
@given(SHAPE, KIND, st.sampled_from([2, 3, 4]))
def test_pictures_of_any_size_are_degraded(shape, kind, scale):
    hr = noise(shape, 1)
    lr = parse_degradation(kind)(hr, scale)
    assert lr.shape == (shape[0] // scale, shape[1] // scale, 3) and lr.dtype == np.uint8
    np.testing.assert_array_equal(lr, parse_degradation(kind)(hr, scale))
    clean = parse_degradation("png")(hr, scale)
    np.testing.assert_array_equal(
        clean, imresize(hr[: shape[0] // scale * scale, : shape[1] // scale * scale], 1 / scale)
    )
    if kind != "bicubic_noaa":  # which aliases noise: any difference may come of a few pixels
        assert np.abs(lr.astype(int) - clean).mean() < 40


def test_lower_quality_is_further_off():
    hr = noisy((96, 96, 3), 0, 40)
    clean = parse_degradation("png")(hr, 2).astype(float)

    def error(kind):
        return np.sqrt(np.mean((parse_degradation(kind)(hr, 2) - clean) ** 2))

    assert error("jpeg100_444") < error("jpeg90_444") < error("jpeg75_444") < error("jpeg40_444")
    assert error("jpeg75_444") < error("jpeg75")
    assert error("webp95") < error("webp50")
    assert error("noise5") == pytest.approx(5, rel=0.05)
    assert error("noise10") == pytest.approx(10, rel=0.05)


@pytest.mark.parametrize(
    "kind", ["jpeg", "jpeg0", "jpeg101", "webp75_444", "nearest", "", "JPEG60"]
)
def test_unknown_kinds_are_refused_with_the_known_ones(kind):
    with pytest.raises(UserError, match="known.*jpeg60.*bicubic_noaa"):
        parse_degradation(kind)


def test_blur_and_noise_keep_the_mean():
    lr = noisy((64, 64, 3), 0)
    rng = np.random.default_rng(1)
    soft, rough = History(blur=0.8).apply(lr, rng), History(noise=6.0).apply(lr, rng)
    assert soft.std() < 0.7 * lr.std() and rough.std() > lr.std()
    for image in (soft, rough):
        assert image.mean() == pytest.approx(lr.mean(), abs=0.6)
    point = np.zeros((33, 33, 3), np.uint8)
    point[16, 16] = 255
    spread = History(blur=0.8).apply(point, rng)
    for turn in range(8):
        assert np.abs(spread.astype(int) - dihedral(spread, turn)).max() <= 1


# --- trainings


def test_a_folder_keeps_its_degradation(tmp_path):
    with run_folder(tmp_path, Recipe(steps=20)):
        pass
    kept = json.loads((tmp_path / "settings.json").read_text())
    assert Degradation(**kept.pop("degradation")) == DEGRADATIONS["none"]
    # as an older version wrote it
    (tmp_path / "settings.json").write_text(json.dumps(kept))
    (tmp_path / "model.keras").touch()
    with run_folder(tmp_path, Recipe(steps=20)):
        pass
    other = Recipe(steps=20, degradation=DEGRADATIONS["photo"])
    with (
        pytest.raises(UserError, match=r"degradation.name was none, now photo"),
        run_folder(tmp_path, other),
    ):
        pass


def test_train_py_trains_on_jpegs_and_refuses_to_go_on_with_others(photos, tmp_path):
    flags = {"model": "espcn", "steps": 2, "interval": 1, "batch_size": 2, "hr_patch": 16}
    flags |= {"data_dir": photos, "val_dir": photos, "precision": "float32"}
    flags |= {"output_dir": tmp_path / "run", "cache_dir": tmp_path / "cache"}
    script("training/train.py", **flags, degradation="jpeg")
    kept = json.loads((tmp_path / "run" / "settings.json").read_text())["recipe"]["degradation"]
    assert Degradation(**kept) == DEGRADATIONS["jpeg"]
    with pytest.raises(UserError, match="degradation.name was jpeg, now photo"):
        script("training/train.py", **flags, degradation="photo")


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
