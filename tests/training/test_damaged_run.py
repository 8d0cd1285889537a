"""Run folders that somebody, or a disk, has changed: one line each, and nothing is overwritten."""

import dataclasses
import json
import zipfile

import pytest

from keras_secn import presets
from keras_secn.training.checkpoint_state import read_state
from keras_secn.training.recipe import Recipe
from keras_secn.training.run_folder import run_folder
from keras_secn.utils import folder_lock
from keras_secn.utils.errors import UserError

ODD = {
    "empty": b"",
    "no_json": b"steps: 20",
    "half": b'{"rows": [',
    "list": b"[1, 2]",
    "number": b"7",
    "null": b"null",
    "zeros": b"\0" * 100,
    "zero_within": b'{"rows": []\0}',
    "binary": bytes(range(256)),
    "deep": b'{"rows": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "huge": b'{"rows": [' + b"0, " * 6_000_000 + b"0]}",
    "long_number": b'{"seconds": ' + b"9" * 5000 + b"}",
}
odd_files = pytest.mark.parametrize("content", ODD.values(), ids=ODD)


def one_line(error):
    text = str(error.value)
    assert len(text) < 500 and text.isprintable()
    return text


@odd_files
def test_settings(content, tmp_path):
    (tmp_path / "settings.json").write_bytes(content)
    with pytest.raises(UserError) as error, run_folder(tmp_path, Recipe(steps=1)):
        raise AssertionError("it began")
    assert "settings.json is damaged" in one_line(error)
    assert (tmp_path / "settings.json").read_bytes() == content


@pytest.mark.parametrize(
    "change",
    [
        {"steps": "20"},
        {"steps": None},
        {"steps": [20]},
        {"batch_size": {}},
        {"ema": "x" * 10_000},
        {"steps": "\x1b[2J\u202e"},
        {"\x1b[2J": 1},
        {"no_such_setting": {"deep": [1]}},
    ],
    ids=str,
)
def test_settings_of_another_kind(change, tmp_path):
    kept = {**dataclasses.asdict(Recipe(steps=20)), **change}
    (tmp_path / "settings.json").write_text(json.dumps(kept))
    with (
        pytest.raises(UserError, match="other settings") as error,
        run_folder(tmp_path, Recipe(steps=20)),
    ):
        raise AssertionError("it began")
    one_line(error)


def checkpoint(folder, content):
    path = folder / "checkpoint.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("training.json", content)
    return path


@odd_files
def test_training_json(content, tmp_path):
    with pytest.raises(UserError) as error:
        read_state(checkpoint(tmp_path, content))
    assert "training.json" in one_line(error)


ROW = {"step": 20, "seconds": 1.5, "loss": 3.0, "val_psnr": float("nan")}


@pytest.mark.parametrize(
    "change",
    [
        {"rows": {}},
        {"rows": [7]},
        {"rows": [{"loss": 1.0}]},
        {"rows": [{**ROW, "step": "20"}]},
        {"rows": [{**ROW, "step": -1}]},
        {"rows": [{**ROW, "loss": "low"}]},
        {"seconds": "1"},
        {"seconds": float("inf")},
        {"seconds": -5},
        {"metrics": 3},
        {"metrics": ["a"]},
        {"logs": []},
        {"logs": {"loss": []}},
        {"photographs": 7},
    ],
    ids=str,
)
def test_training_json_of_another_kind(change, tmp_path):
    good = {"rows": [ROW], "photographs": "abc", "seconds": 2, "metrics": [1.0, 2], "logs": {}}
    assert read_state(checkpoint(tmp_path, json.dumps(good)))["seconds"] == 2
    with pytest.raises(UserError, match="another kind") as error:
        read_state(checkpoint(tmp_path, json.dumps({**good, **change})))
    one_line(error)


@pytest.fixture
def card(tmp_path, monkeypatch):
    monkeypatch.setattr(presets.store, "FOLDER", tmp_path)
    good = {"factory": "build_espcn", "arguments": {}, "sha256": "0", "scale": 2, "parameters": 1}

    def write(content):
        (tmp_path / "odd.json").write_bytes(content)

    write(json.dumps(good).encode())
    assert presets.preset_card("odd") == good
    return good, write


@odd_files
def test_card(content, card):
    card[1](content)
    with pytest.raises(UserError, match="odd.json is damaged") as error:
        presets.load("odd")
    one_line(error)


@pytest.mark.parametrize(
    "change",
    [
        {"factory": None},
        {"factory": 7},
        {"arguments": []},
        {"sha256": 7},
        {"scale": "2"},
        {"parameters": None},
        {"scores": []},
        {"training": "long"},
    ],
    ids=str,
)
def test_card_of_another_kind(change, card):
    good, write = card
    write(json.dumps({**good, **change}).encode())
    with pytest.raises(UserError, match="odd.json is damaged") as error:
        presets.preset_card("odd")
    one_line(error)


def test_a_lock_that_is_a_link_is_neither_followed_nor_emptied(tmp_path):
    folder, target = tmp_path / "run", tmp_path / "letter.txt"
    folder.mkdir()
    target.write_text("dear")
    (folder / ".lock").symlink_to(target)
    for use in (run_folder(folder, Recipe(steps=1)), folder_lock.hold(folder)):
        with pytest.raises(UserError, match="is a link"), use:
            raise AssertionError("it began")
    assert target.read_text() == "dear"
    target.unlink()  # nor is the target of a dangling one made
    with pytest.raises(UserError, match="is a link"), folder_lock.hold(folder):
        pass
    assert not target.exists()


def test_what_stands_in_a_lock_file_stays(tmp_path):
    (tmp_path / ".lock").write_text("mine")
    with (
        folder_lock.hold(tmp_path),
        pytest.raises(BlockingIOError),
        folder_lock.hold(tmp_path, wait=False),
    ):
        raise AssertionError("two hold it")
    assert (tmp_path / ".lock").read_text() == "mine"
    with folder_lock.hold(tmp_path, wait=False):
        pass
