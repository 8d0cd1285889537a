"""Presets: what is stored is what is loaded, and nothing else is."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from pictures import noise
from PIL import Image
from pocket import PocketSettings
from publish import publish

from keras_secn import presets
from keras_secn.metrics.report import network_row, write_table
from keras_secn.models.mobile import build_pocket_secn
from keras_secn.models.secn import build_ct_secn, build_secn
from keras_secn.presets.family import member
from keras_secn.presets.lite_files import preset_file
from keras_secn.rewrite.fold_collapsible import fold
from keras_secn.training.recipe import Recipe
from keras_secn.upscaling.engines.choose import choose_engine
from keras_secn.utils.errors import UserError

FILES = [name for name in presets.list_presets() if preset_file(name).is_file()]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(presets.store, "FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def stored(folder):
    keras.utils.set_random_seed(4)
    arguments = {"n": 1, "blocks": 2, "filters": 8}
    model = build_ct_secn(**arguments)
    presets.write_preset("tiny", model, {"factory": "build_ct_secn", "arguments": arguments})
    return model


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 0), ("float16", 2**-11)])
def test_round_trip(stored, folder, dtype, tolerance):
    card = presets.preset_card("tiny")
    presets.write_preset(
        "again", stored, {"factory": card["factory"], "arguments": card["arguments"]}, dtype
    )
    assert presets.list_presets() == ["again", "tiny"]
    loaded = presets.load("again")
    for old, new in zip(stored.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(new, old, rtol=tolerance, atol=1e-7 if tolerance else 0)
    assert presets.preset_card("again")["parameters"] == stored.count_params()


def test_same_weights_same_bytes(stored):
    assert presets.store.pack_weights(stored) == presets.store.pack_weights(stored)


def test_damage_is_one_line(stored, folder):
    content = bytearray((folder / "tiny.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "tiny.npz").write_bytes(content)
    with pytest.raises(UserError, match="SHA-256 differs"):
        presets.load("tiny")
    (folder / "tiny.npz").unlink()
    with pytest.raises(UserError, match="missing or damaged"):
        presets.load("tiny")


def test_weights_of_another_network_are_refused(stored, folder):
    card = json.loads((folder / "tiny.json").read_text())
    card["arguments"]["n"] = 2
    (folder / "tiny.json").write_text(json.dumps(card))
    with pytest.raises(UserError, match="does not fit"):
        presets.load("tiny")
    with pytest.raises((KeyError, ValueError)):
        presets.store.unpack_weights(
            build_secn(blocks=1, filters=8), presets.store.pack_weights(stored)
        )


def test_unknown_names_are_refused(folder):
    with pytest.raises(UserError, match="unknown preset 'nothing'"):
        presets.load("nothing")


@pytest.mark.parametrize("name", presets.list_presets())
def test_every_shipped_preset_is_what_its_card_says(name):
    card = presets.preset_card(name)
    assert presets.load(name).count_params() == card["parameters"]
    assert {"training", "scores", "date"} <= set(card)


def test_a_pocket_network_is_published_folded(folder, tmp_path):
    wide = build_pocket_secn("s")
    wide.get_layer("tail").set_weights([w + 0.01 for w in wide.get_layer("tail").get_weights()])
    (tmp_path / "run" / "pocket_secn_s").mkdir(parents=True)
    wide.save(tmp_path / "run" / "pocket_secn_s" / "model.keras")
    settings = PocketSettings("s", Recipe(steps=2))
    row = network_row("pocket_secn_s", wide, 2, lambda model: {"val_psnr": 1, "val_ssim": 1})
    write_table([row], tmp_path / "run", {**dataclasses.asdict(settings), **settings.folded})
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.fromarray(noise((32, 32), 1)).save(photos / "a.png")
    publish(tmp_path / "run", [], [photos], {})
    loaded = presets.load("pocket_secn_s")
    x = noise((12, 9), 2)[None].astype(np.float32)
    expected = keras.ops.convert_to_numpy(fold(wide)(x))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(loaded(x)), expected, atol=0.5)


def test_the_default_and_the_networks_for_phones_start_quickly():
    families = {member(name).network for name in FILES}
    assert families == {"ct_secn_16", "secn", "pocket_secn_l", "pocket_secn_m", "pocket_secn_s"}
    # what the wheel holds starts on LiteRT, all of it
    assert {path.stem for path in presets.store.FOLDER.glob("*.json")} <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_litert_files_have_the_weights_of_their_presets(name):
    picture = noise((40, 50), 0).astype(np.float32)
    litert, network = (choose_engine(name, engine) for engine in ("litert", "keras"))
    # gray levels; one training's end differs from the next one's by tenths
    np.testing.assert_allclose(litert.whole(picture), network.whole(picture), atol=0.005)
