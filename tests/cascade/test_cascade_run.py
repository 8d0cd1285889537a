"""The cascade as a user runs it: its report, kill -9 and resume, several devices, bad input."""

import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from PIL import Image
from processes import weights
from publish import publish
from scripts import script

from keras_secn import presets
from keras_secn.metrics.protocol import ValidationSet, bicubic_upscaler, evaluate
from keras_secn.utils.errors import UserError

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "training" / "cascade.py"
TINY = {
    **{"blocks": 2, "filters": 8, "n": 2, "blocks_per_stage": 1, "initializer": "lstsq"},
    **{"first_steps": 30, "stage_steps": 10, "interval": 10, "batch_size": 2, "hr_patch": 24},
    **{"precision": "float32"},
}


def all_flags(photos, tmp_path, folder, **flags):
    return {
        **{"data_dir": photos, "val_dir": photos, "output_dir": tmp_path / folder},
        **{"cache_dir": tmp_path / "cache", **TINY, **flags},
    }


def command(*arguments, **flags):
    flags = all_flags(*arguments, **flags)
    switches = [f"--{name}" for name, value in flags.items() if value is True]
    values = [f"--{name}={value}" for name, value in flags.items() if value is not True]
    return [sys.executable, str(SCRIPT), *switches, *values]


def run(*arguments, **flags):
    """As a user does, in a process of its own."""
    return subprocess.run(command(*arguments, **flags), capture_output=True, text=True, timeout=900)


def run_here(*arguments, **flags):
    script("training/cascade.py", **all_flags(*arguments, **flags))


def table_of(folder):
    return json.loads((folder / "table.json").read_text())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A cascade run to its end, with the network from scratch."""
    tmp_path = tmp_path_factory.mktemp("cascade")
    photos = tmp_path / "photos"
    photos.mkdir()
    for seed in range(3):
        noise = np.random.default_rng(seed).integers(0, 256, (8, 9, 3), np.uint8)
        picture = Image.fromarray(noise).resize((72, 64), Image.Resampling.BICUBIC)
        picture.save(photos / f"{seed}.png")
    done = run(photos, tmp_path, "whole", from_scratch=True)
    assert done.returncode == 0, done.stderr
    return photos, tmp_path, done.stdout


def test_report(finished):
    photos, tmp_path, printed = finished
    table = table_of(tmp_path / "whole")
    names = [row["name"] for row in table["networks"]]
    assert names == ["bicubic", "secn", "ct_secn_1", "ct_secn_2", "ct_secn_2_scratch"]
    # the comparison is fair: from scratch for as many steps as the whole cascade
    bicubic, *networks = table["networks"]
    assert bicubic["val_psnr"] == evaluate(bicubic_upscaler(2), photos).mean("psnr_y")
    assert [row["steps"] for row in networks] == [30, 40, 50, 50]
    parameters = [row["parameters"] for row in networks]
    assert parameters[0] > parameters[1] > parameters[2] == parameters[3]
    for row in networks:
        assert f"{row['val_psnr']:.2f}" in printed
        history = json.loads((tmp_path / "whole" / row["name"] / "history.json").read_text())
        assert history[-1]["val_psnr"] == pytest.approx(row["val_psnr"], abs=1e-6)
        assert history[-1]["input_wait"] < 1
        assert list((tmp_path / "whole" / row["name"]).glob("train/events*"))
    assert (tmp_path / "whole" / "table.md").read_text() in printed
    for picture in ("psnr_parameters.png", "history.png", "crops.png"):
        pixels = np.asarray(Image.open(tmp_path / "whole" / picture).convert("RGB"))
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10


def test_stages_start_where_the_one_before_ended(finished):
    """At a learning rate of next to nothing, what is copied stays as it was."""
    photos, tmp_path, _ = finished
    initial = tmp_path / "whole" / "secn" / "model.keras"
    flags = {"learning_rate": 1e-12, "stage_learning_rate": 1e-12, "stage_steps": 2, "n": 1}
    run_here(photos, tmp_path, "still", initial=initial, **flags)
    networks = table_of(tmp_path / "still")["networks"]
    steps = [(row["name"], row["steps"]) for row in networks]
    # the initial network is trained further
    assert steps == [("bicubic", 0), ("initial", 0), ("secn", 30), ("ct_secn_1", 32)]
    assert networks[2]["val_psnr"] == pytest.approx(networks[1]["val_psnr"], abs=1e-3)
    before = keras.saving.load_model(initial)
    after = keras.saving.load_model(tmp_path / "still" / "ct_secn_1" / "model.keras")
    for name in ("head", "block_0", "body", "upsample_0", "tail"):
        for old, new in zip(
            before.get_layer(name).get_weights(), after.get_layer(name).get_weights(), strict=True
        ):
            np.testing.assert_allclose(new, old, atol=1e-7)


def test_steps_of_the_preset_that_a_run_started_from_count(finished, tmp_path, monkeypatch):
    photos, run_path, _ = finished
    monkeypatch.setattr(presets.store, "FOLDER", tmp_path)
    about = {"data": "noise", "command": "cascade.py"}
    publish(run_path / "whole", ["secn"], [photos], about)
    table = table_of(run_path / "whole")
    table["settings"]["initial"] = "secn"
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "table.json").write_text(json.dumps(table))
    shutil.copytree(run_path / "whole" / "ct_secn_1", tmp_path / "run" / "ct_secn_1")
    publish(tmp_path / "run", [], [photos], about)
    training = presets.preset_card("ct_secn_1")["training"]
    assert training["steps"] == 30 + 40 and "preset secn of 30 steps" in training["initial"]
    kept = {**presets.preset_card("secn"), "training": {"steps": 5}}
    (tmp_path / "run" / "initial.json").write_text(json.dumps(kept))
    publish(tmp_path / "run", [], [photos], about, force=True)
    assert presets.preset_card("ct_secn_1")["training"]["steps"] == 5 + 40


def test_killed_run_ends_with_the_same_weights(finished):
    photos, tmp_path, _ = finished
    process = subprocess.Popen(
        command(photos, tmp_path, "killed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 600
    # in its second network
    while not (tmp_path / "killed" / "ct_secn_1" / "checkpoint.keras").exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = run(photos, tmp_path, "killed")
    assert done.returncode == 0, done.stderr
    for name in ("secn", "ct_secn_1", "ct_secn_2"):
        whole = weights(tmp_path / "whole" / name / "model.keras")
        killed = weights(tmp_path / "killed" / name / "model.keras")
        assert whole.keys() == killed.keys()
        for key in whole:
            np.testing.assert_array_equal(killed[key], whole[key])


def test_two_logical_devices(finished):
    photos, tmp_path, _ = finished
    flags = {"strategy": "mirrored", "logical_devices": 2, "stage_steps": 2, "n": 1}
    flags |= {"initial": tmp_path / "whole" / "secn" / "model.keras", "first_steps": 0}
    done = run(photos, tmp_path, "mirrored", **flags)
    assert done.returncode == 0, done.stderr
    assert "ct_secn_1" in done.stdout


def test_starts_are_compared(finished, capsys):
    photos, tmp_path, _ = finished
    flags = {name: TINY[name] for name in ("blocks", "filters", "batch_size", "hr_patch")}
    flags |= {"initial": tmp_path / "whole" / "secn" / "model.keras", "n": 2, "steps": 2}
    flags |= {"interval": 2, "precision": "float32", "cache_dir": tmp_path / "cache"}
    flags |= {"data_dir": photos, "val_dir": photos, "output_dir": tmp_path / "starts"}
    script("training/compare_starts.py", **flags)
    printed = capsys.readouterr().out.splitlines()
    rows = [line.split("|") for line in printed if line.startswith("| ")][1:]
    before = {row[1].strip(): float(row[2]) for row in rows}
    assert set(before) == {"random", "svd", "lstsq"}
    # fitted blocks stand in for the old ones at once
    assert before["lstsq"] > before["random"]


def test_a_run_becomes_presets(finished, tmp_path, monkeypatch):
    photos, run_path, _ = finished
    monkeypatch.setattr(presets.store, "FOLDER", tmp_path)
    about = {"data": "noise", "command": "none"}
    said = publish(run_path / "whole", ["ct_secn_2"], [photos], about)
    assert "ct_secn_2:" in said[0]
    card = presets.preset_card("ct_secn_2")
    assert card["factory"] == "build_ct_secn" and card["arguments"]["n"] == 2
    assert card["training"] == {**about, "steps": 50, "seed": 0}
    loaded = presets.load("ct_secn_2")
    scores = ValidationSet(photos).scores(loaded)
    assert scores["val_psnr"] == pytest.approx(card["scores"]["photos"]["psnr_y"], abs=1e-3)
    original = keras.saving.load_model(run_path / "whole" / "ct_secn_2" / "model.keras")
    exact = ValidationSet(photos).scores(original)["val_psnr"]
    assert scores["val_psnr"] == pytest.approx(exact, abs=0.005)
    # a preset gives way only to a better one
    assert "kept" in publish(run_path / "whole", ["ct_secn_2"], [photos], about)[0]
    with pytest.raises(UserError, match="no network 'other'"):
        publish(run_path / "whole", ["other"], [photos], about)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"n": 17, "blocks": 16}, "cannot replace 17 of 16 blocks"),
        ({"strategy": "sideways"}, "unknown strategy 'sideways'"),
        ({"hr_patch": 512}, "512"),
        ({"data_dir": "EMPTY"}, "no images in"),
        ({"data_dir": "TEXT"}, "no images in"),
        ({"data_dir": "TRUNCATED", "strict": True}, "broken.jpg"),
        ({"data_dir": "NOWHERE"}, "no such folder"),
        ({"initial": "EDSR"}, "is not a network of 2 ses"),
        ({"output_dir": "/proc/nothing"}, "/proc/nothing"),
        ({"learning_rate": -1}, "learning_rate must be above 0"),
        ({"filters": 0}, "at least one block and one filter"),
    ],
)
def test_bad_input_is_named(finished, tmp_path, flags, words):
    photos, _, _ = finished
    made = {name: tmp_path / name.lower() for name in ("EMPTY", "TEXT", "TRUNCATED", "NOWHERE")}
    for name in ("EMPTY", "TEXT", "TRUNCATED"):
        made[name].mkdir()
    (made["TEXT"] / "notes.txt").write_text("no picture")
    picture = (photos / "0.png").read_bytes()
    (made["TRUNCATED"] / "good.png").write_bytes(picture)
    Image.open(photos / "1.png").save(tmp_path / "whole.jpg")
    (made["TRUNCATED"] / "broken.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:600])
    if flags.get("initial") == "EDSR":
        from keras_secn.models.edsr import build_edsr

        made["EDSR"] = tmp_path / "edsr.keras"
        build_edsr(blocks=2, filters=8).save(made["EDSR"])
    flags = {name: made.get(value, value) for name, value in flags.items()}
    with pytest.raises((UserError, OSError)) as error:
        run_here(photos, tmp_path, "run", **flags)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_checkpoint_of_another_network_is_refused(finished):
    photos, tmp_path, _ = finished
    stranger = tmp_path / "stranger" / "secn"
    stranger.mkdir(parents=True)
    shutil.copy(tmp_path / "whole" / "secn" / "checkpoint.keras", stranger)
    with pytest.raises(UserError, match="belongs to another network"):
        run_here(photos, tmp_path, "stranger", filters=4)


def test_other_settings_are_one_line(finished):
    photos, tmp_path, _ = finished
    done = run(photos, tmp_path, "whole", seed=1, from_scratch=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    line = done.stderr.splitlines()[-1]
    assert line.startswith("error:") and "seed was 0, now 1" in line
