"""Mixtures of degradations: their chances, their JSON, and that a run keeps its own."""

import dataclasses
import json

import numpy as np
import pytest
from scripts import script

from keras_secn.data.degradation import DEGRADATIONS, Degradation
from keras_secn.training import Recipe
from keras_secn.training.run_folder import run_folder
from keras_secn.utils.errors import UserError


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
