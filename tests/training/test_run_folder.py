"""A run's folder: what a run keeps in it, and what a failed command leaves."""

import dataclasses
import json

import pytest
from system_run import SystemSettings

from keras_secn import presets
from keras_secn.cascade.plan import CascadePlan
from keras_secn.cascade.run import CascadeSettings
from keras_secn.models import registry
from keras_secn.training.recipe import Recipe
from keras_secn.training.run_folder import load_initial, run_folder
from keras_secn.utils.errors import UserError


def test_the_card_of_a_preset_that_a_run_starts_from_is_kept(tmp_path, monkeypatch):
    model = registry.system("espcn").build(2, name="espcn")
    monkeypatch.setattr(presets.store, "FOLDER", tmp_path / "weights")
    card = {"factory": "build_espcn", "arguments": {}, "training": {"steps": 30}}
    presets.write_preset("espcn", model, card)
    load_initial("espcn", tmp_path)
    presets.write_preset("espcn", model, {**card, "training": {"steps": 50}})
    load_initial("espcn", tmp_path)
    assert json.loads((tmp_path / "initial.json").read_text())["training"]["steps"] == 30


def test_a_corrected_command_may_use_the_folder_of_one_that_failed_at_once(tmp_path):
    (tmp_path / "secn").mkdir()

    def claim(steps, begin=False):
        with run_folder(tmp_path, Recipe(steps=steps)):
            if begin:
                (tmp_path / "secn" / "checkpoint.keras").touch()
            raise UserError("unknown preset")

    for steps, begin in ((10, False), (20, True)):
        with pytest.raises(UserError, match="unknown preset"):
            claim(steps, begin)
    with pytest.raises(UserError, match="steps was 20, now 30"):
        claim(30)


def test_nothing_of_a_command_that_failed_at_once_is_left(tmp_path):
    with pytest.raises(UserError, match="another network"), run_folder(tmp_path, Recipe(steps=1)):
        load_initial("aplus", tmp_path)
        raise UserError("another network")
    assert {path.name for path in tmp_path.iterdir()} == {".lock"}


def test_a_run_of_an_older_version_goes_on_with_new_settings_as_they_are_by_default(tmp_path):
    settings = SystemSettings("secn", Recipe(steps=20))
    with run_folder(tmp_path, settings):
        pass
    kept = json.loads((tmp_path / "settings.json").read_text())
    del kept["recipe"]["momentum"], kept["teacher"]
    kept["recipe"]["winograd"] = False  # a setting that is gone, and was off
    (tmp_path / "settings.json").write_text(json.dumps(kept))
    (tmp_path / "model.keras").touch()
    with run_folder(tmp_path, settings):
        pass
    other = dataclasses.replace(settings, recipe=Recipe(steps=20, momentum=0.9))
    with (
        pytest.raises(UserError, match="momentum was 0.0, now 0.9"),
        run_folder(tmp_path, other),
    ):
        pass
    kept["recipe"]["winograd"] = True
    (tmp_path / "settings.json").write_text(json.dumps(kept))
    with pytest.raises(UserError, match="winograd was True"), run_folder(tmp_path, settings):
        pass


def test_a_setting_that_older_versions_spell_otherwise_is_known(tmp_path):
    recipe = Recipe(steps=20)
    settings = CascadeSettings(CascadePlan(), recipe, recipe, recipe, initializer="lstsq")
    with run_folder(tmp_path, settings):
        pass
    kept = json.loads((tmp_path / "settings.json").read_text())
    kept["initialiser"] = kept.pop("initializer")
    (tmp_path / "settings.json").write_text(json.dumps(kept))
    with run_folder(tmp_path, settings):
        pass
    kept["initialiser"] = "svd"
    (tmp_path / "settings.json").write_text(json.dumps(kept))
    with (
        pytest.raises(UserError, match="was svd, now lstsq"),
        run_folder(tmp_path, settings),
    ):
        pass
