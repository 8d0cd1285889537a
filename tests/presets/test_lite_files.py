"""The presets' `.tflite` files are the ones that their cards name."""

import json
import shutil
from collections import Counter

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils

from keras_secn.lite.quantize.output_grid import operator_names
from keras_secn.presets import lite_files, store
from keras_secn.upscaling.engines.choose import choose_engine
from keras_secn.upscaling.engines.keras import KerasEngine
from keras_secn.utils.errors import UserError

NAME = "pocket_secn_l"
FILES = sorted(path for folder in store.folders() for path in folder.glob("*.tflite"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for path in store.FOLDER.glob(f"{NAME}*"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(store, "FOLDER", tmp_path)
    return tmp_path


def test_every_file_is_in_its_card():
    assert FILES
    for path in FILES:
        name = path.stem.removesuffix("_int8")
        assert lite_files.is_intact(name, path), path.name
        assert store.preset_card(name)["files"][path.name]["bytes"] == path.stat().st_size


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_other_programs_get_the_same_picture_for_the_same_arithmetic(path):
    graphs = flatbuffer_utils.read_model(str(path))
    of = {each.signatureKey.decode(): each.subgraphIndex for each in graphs.signatureDefs}
    kinds = {name: Counter(operator_names(graphs, index)) for name, index in of.items()}
    assert kinds["serving_default"]["CONV_2D"] == kinds["whole"]["CONV_2D"]
    interpreter = Interpreter(str(path), num_threads=1)
    runners = [interpreter.get_signature_runner(name) for name in ("serving_default", "whole")]
    (end,) = runners[0].get_input_details().values()
    lr = np.random.default_rng(0).integers(0, 256, (1, 20, 23, 3)).astype(end["dtype"])
    served, whole = (next(iter(run(lr=lr).values())).copy() for run in runners)
    np.testing.assert_allclose(served, np.clip(whole, 0, 255), atol=1e-3)


@pytest.mark.parametrize("place", [50, 40_000, -2000])
def test_a_flipped_bit_means_keras_and_a_note(folder, place):
    path = lite_files.preset_file(NAME)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.warns(UserWarning, match="not the file that its card names"):
        engine = choose_engine(NAME)
    assert isinstance(engine, KerasEngine)
    with pytest.raises(UserError, match="not the file that its card names"):
        choose_engine(NAME, "litert")
    with pytest.raises(UserError, match="is missing"):
        lite_files.preset_file(NAME, "int8").unlink()
        choose_engine(NAME, precision="int8")


@pytest.mark.parametrize("files", [None, [], {}, "x", {"pocket_secn_l.tflite": 3}])
def test_a_card_without_a_checksum_vouches_for_nothing(folder, files):
    path = folder / f"{NAME}.json"
    card = {**json.loads(path.read_text()), "files": files}
    path.write_text(json.dumps(card))
    assert not lite_files.is_intact(NAME, lite_files.preset_file(NAME))


def test_a_recorded_file_is_used(folder):
    path = lite_files.preset_file(NAME)
    shutil.copy(lite_files.preset_file(NAME, "int8"), path)
    assert not lite_files.is_intact(NAME, path)
    lite_files.record(NAME, path, scores={"set5": {"psnr_y": 1.0}})
    engine = choose_engine(NAME)
    assert engine.whole(np.zeros((9, 9, 3), np.float32)).shape == (18, 18, 3)
    assert store.preset_card(NAME)["files"][path.name]["scores"] == {"set5": {"psnr_y": 1.0}}
    assert store.preset_card(NAME)["sha256"]
