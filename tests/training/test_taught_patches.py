"""Patches with a teacher's share: which pictures they are, and training on them."""

import keras
import numpy as np
import pytest
import system_run

from keras_secn import load, metrics
from keras_secn.data.dihedral import undo_dihedral
from keras_secn.data.patches import PatchDataset
from keras_secn.models import registry
from keras_secn.models.secn import build_secn
from keras_secn.training.distillation import TaughtPatches
from keras_secn.training.recipe import Recipe
from keras_secn.utils.errors import UserError


@pytest.fixture
def teacher():
    keras.utils.set_random_seed(3)
    return build_secn(blocks=1, filters=16, scale=2)


def eight_pictures(teacher, patch):
    """What the teacher makes of a patch's eight views, turned back (as `self_ensemble` does)."""
    pictures = []

    def upscale(seen):
        pictures.append(teacher.predict_on_batch(np.ascontiguousarray(seen)[None])[0])
        return pictures[-1]

    mean = metrics.self_ensemble(upscale)(patch)
    turned = [undo_dihedral(picture, turn) for turn, picture in enumerate(pictures)]
    np.testing.assert_allclose(np.mean(turned, axis=0), mean, atol=1e-3)
    return np.stack(turned)


def test_each_patch_is_taught_by_one_of_eight_views_and_all_have_their_turn(build_cache, teacher):
    options = dict(batch_size=4, hr_patch=16, seed=5)
    cache = build_cache(scale=2)
    plain, taught = PatchDataset(cache, **options), TaughtPatches(cache, teacher, **options)
    mixed = TaughtPatches(cache, teacher, 0.25, **options)
    seen = set()
    for step in range(12):
        (lr, hr), (taught_lr, taught_hr), (_, mixed_hr) = plain[step], taught[step], mixed[step]
        np.testing.assert_array_equal(lr, taught_lr)
        np.testing.assert_allclose(mixed_hr, 0.25 * taught_hr + 0.75 * hr, atol=1e-3)
        for patch, picture in zip(lr, taught_hr, strict=True):
            views = np.clip(eight_pictures(teacher, patch), 0, 255)
            distance = np.abs(views - picture).max(axis=(1, 2, 3))
            assert distance.min() < 1e-2 < np.sort(distance)[1]
            seen.add(int(distance.argmin()))
    assert seen == set(range(8))


def test_batches_are_a_function_of_the_step(build_cache, teacher):
    options = dict(batch_size=2, hr_patch=16, seed=5)
    cache = build_cache(scale=2)
    whole = TaughtPatches(cache, teacher, **options)
    late = TaughtPatches(cache, teacher, start_step=3, **options)
    np.testing.assert_array_equal(whole[3][1], late[0][1])


@pytest.mark.parametrize("share", [0, -0.5, 1.01])
def test_a_share_is_above_0_and_at_most_1(share, build_cache, teacher):
    with pytest.raises(UserError, match=f"share must be above 0 and at most 1, not {share}"):
        TaughtPatches(build_cache(scale=2), teacher, share, hr_patch=16)
    with pytest.raises(UserError, match="share must be above 0"):  # before a network is built
        system_run.SystemSettings("secn", Recipe(1), teacher="secn", teacher_share=share)


def test_a_network_learns_its_own_self_ensemble(build_cache, tmp_path, teacher):
    path = tmp_path / "teacher" / "model.keras"
    path.parent.mkdir()
    teacher.save(path)
    recipe = Recipe(60, 3e-4, warmup=5, batch_size=4, hr_patch=16, interval=30)
    arguments = {"blocks": 1, "filters": 16}
    settings = system_run.SystemSettings(
        "secn", recipe, arguments=arguments, initial=str(path), teacher=str(path)
    )
    cache = build_cache(scale=2)
    student, _ = system_run.run_system(
        settings, cache, tmp_path / "run", validate=lambda model: {"val_psnr": 0.0, "val_ssim": 0.0}
    )
    picture = cache.lr(0).astype("float32")
    target = eight_pictures(load(str(path)), picture).mean(axis=0)

    def distance(network):
        return np.abs(network.predict_on_batch(picture[None])[0] - target).mean()

    assert distance(student) < 0.8 * distance(teacher)


def test_a_teacher_of_another_scale_is_refused(build_cache, tmp_path):
    path = tmp_path / "teacher.keras"
    registry.system("espcn").build(3, name="espcn").save(path)
    settings = system_run.SystemSettings("espcn", Recipe(1), teacher=str(path))
    with pytest.raises(UserError, match="teacher.keras enlarges 3 times, not 2"):
        system_run.run_system(settings, build_cache(scale=2), tmp_path / "run", validate=None)
    assert not (tmp_path / "run" / "settings.json").exists()
