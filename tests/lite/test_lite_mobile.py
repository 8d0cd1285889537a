"""Networks for phones: counts, folding, integers only, operators that accelerators take."""

import json
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
from pictures import noise
from PIL import Image
from wide_start import widen

from keras_secn.layers.collapsible_conv import CollapsibleConv2D
from keras_secn.models.mobile import POCKET_SIZES, build_edsr_mobile, build_pocket_secn
from keras_secn.presets.store import list_presets, preset_card
from keras_secn.rewrite.fold_collapsible import fold
from keras_secn.utils.errors import UserError

TFLITE = pathlib.Path(__file__).resolve().parents[2] / "tflite"

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="export needs the TensorFlow backend"
)


def test_edsr_mobile_has_the_published_count():
    assert build_edsr_mobile().count_params() == 106_092


def test_pocket_sizes_have_the_counts_that_the_source_states():
    counts = {size: build_pocket_secn(size, collapsible=False).count_params() for size in "sml"}
    assert counts == {"s": 18_428, "m": 50_148, "l": 78_348}
    assert set(POCKET_SIZES) == set(counts)


def random_weights(model, seed):
    rng = np.random.default_rng(seed)
    # around each kind's own start, but not that of the day
    fresh = [rng.normal(0, w.std(), w.shape) for w in model.get_weights()]
    model.set_weights([w + rng.normal(0, 0.02, w.shape) for w in fresh])
    return model


def test_a_collapsible_convolution_is_the_two_it_stands_for():
    layer = CollapsibleConv2D(6, 3, "relu", expansion=20)
    x = np.random.default_rng(0).normal(size=(2, 9, 7, 6)).astype("float32")
    layer.build(x.shape)
    layer.bias.assign(np.linspace(-1, 1, 6))
    wide = keras.ops.conv(x, layer.wide, padding="same", data_format="channels_last")
    expected = keras.ops.relu(keras.ops.matmul(wide, layer.narrow) + layer.bias + x)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(layer(x)), keras.ops.convert_to_numpy(expected), atol=1e-4
    )


def test_folding_changes_the_layers_and_not_the_picture(tmp_path):
    model = random_weights(build_pocket_secn("s", gate=True), 0)
    folded = fold(model)
    assert fold(folded) is folded
    assert folded.count_params() < model.count_params() / 3
    x = np.random.default_rng(1).uniform(0, 255, (1, 13, 17, 3)).astype("float32")
    wide, narrow = (keras.ops.convert_to_numpy(network(x)) for network in (model, folded))
    np.testing.assert_allclose(narrow, wide, atol=1e-2)
    plain = build_pocket_secn("s", gate=True, collapsible=False)
    assert [w.path for w in plain.weights] == [w.path for w in folded.weights]
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(again(x)), wide)


def test_training_goes_on_from_a_folded_network_at_its_very_picture():
    folded = random_weights(build_pocket_secn("s", collapsible=False), 3)
    model = build_pocket_secn("s")
    widen(folded, model)
    x = np.random.default_rng(1).uniform(0, 255, (1, 13, 17, 3)).astype("float32")
    pictures = [keras.ops.convert_to_numpy(network(x)) for network in (folded, model)]
    np.testing.assert_allclose(*pictures, atol=1e-2)
    # every channel between the two convolutions can still learn: one of the kernels is not zero
    for layer in model.layers:
        if isinstance(layer, CollapsibleConv2D):
            assert np.abs(keras.ops.convert_to_numpy(layer.wide)).max(axis=(0, 1, 2)).min() > 0
    with pytest.raises(UserError, match="pocket_secn_s is another network"):
        widen(folded, build_pocket_secn("m"))


def test_training_starts_at_the_enlarged_picture():
    x = np.random.default_rng(1).uniform(0, 255, (1, 8, 9, 3)).astype("float32")
    for scale in (2, 3):
        sr = keras.ops.convert_to_numpy(build_pocket_secn("s", scale)(x))
        np.testing.assert_allclose(sr, x.repeat(scale, axis=1).repeat(scale, axis=2), atol=1e-3)


def test_refusals():
    with pytest.raises(UserError, match="unknown size"):
        build_pocket_secn("xl")
    for build in (build_edsr_mobile, build_pocket_secn):
        with pytest.raises(UserError, match="at least 2"):
            build(scale=1)


@pytest.mark.slow
@tensorflow_only
@pytest.mark.parametrize(
    "build", [lambda: build_edsr_mobile(filters=8, blocks=2), lambda: build_pocket_secn("s")]
)
def test_int8_files_are_integer_only_and_delegate_whole(build, tmp_path):
    from keras_secn.lite.delegates import SUPPORTED, refused
    from keras_secn.lite.export import export
    from keras_secn.lite.interpreter import LiteModel
    from keras_secn.metrics.protocol import image_upscaler

    model = random_weights(build(), 2)
    pictures = [noise((64, 64), seed) for seed in range(3)]
    path = tmp_path / "model.tflite"
    facts = export(model, path, "int8", representative=pictures, progress=False)
    assert facts["check"]["psnr"] > 38
    expected = {"gpu": ["dynamic size"], "nnapi": [], "hexagon": []}
    assert {name: refused(path, name) for name in SUPPORTED} == expected
    lite = LiteModel(path, delegate=False)
    kinds = {np.dtype(d["dtype"]).kind for d in lite._runtime.open().get_tensor_details()}
    assert kinds <= {"i", "u"}
    if model.name.startswith("pocket"):
        # one convolution each: nothing of the training's width is left
        assert lite.operators().count("CONV_2D") == POCKET_SIZES["s"][1] + 2
    # the sources of the GPU's delegate take what rounds the pixels of float files; Hexagon's do not
    export(model, path, "none", representative=pictures, progress=False)
    assert refused(path, "hexagon") and not refused(path, "nnapi")
    assert refused(path, "gpu") == ["dynamic size"]
    picture = noise((20, 31), 7)
    error = np.abs(LiteModel(path)(picture).astype(int) - image_upscaler(model)(picture))
    assert error.max() <= 1


def tables():
    """(scale, rows by file) of the tables of files in the repository."""
    for path in sorted(TFLITE.glob("table_x*.md")):
        lines = [line for line in path.read_text().splitlines() if line.startswith("| `")]
        rows = [[cell.strip("` ") for cell in line.strip("|").split("|")] for line in lines]
        yield int(path.stem[-1]), {row[0]: row[1:5] for row in rows}


@pytest.mark.parametrize("scale, rows", tables())
def test_the_tables_of_files_are_those_of_the_cards(scale, rows):
    cards = [card for card in map(preset_card, list_presets()) if card["scale"] == scale]
    files = {name: facts for card in cards for name, facts in card.get("files", {}).items()}
    assert set(rows) == set(files)
    for name, (size, *psnr) in rows.items():
        assert size == f"{files[name]['bytes'] / 1000:,.0f}", name
        for folder, cell in zip(("set5", "set14", "pages"), psnr, strict=True):
            score = files[name].get("scores", {}).get(folder)
            assert cell == (f"{score['psnr_y']:.2f}" if score else ""), (name, folder)


@pytest.mark.slow
@tensorflow_only
def test_one_command_prints_the_table_of_files(tmp_path):
    out = tmp_path / "table.md"
    options = ["--scale=3", "--sizes=16x20", "--rounds=1", f"--out={out}", "--noprogress"]
    command = [sys.executable, TFLITE / "table.py", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|") for line in out.read_text().splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in rows[0][6:9]] == ["16x20 (ms)", "to float", "to EDSR"]
    assert [cell.strip() for cell in rows[2][7:9]] == ["1.00", "1.00"]  # EDSR itself
    assert "`ct_secn_16_x3.tflite`" in rows[3][1]


@pytest.mark.slow
def test_one_command_trains_a_pocket_network_from_a_teacher(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.fromarray(noise((64, 64), 1)).save(photos / "a.png")
    teacher = tmp_path / "teacher" / "model.keras"
    teacher.parent.mkdir()
    random_weights(build_pocket_secn("s", collapsible=False), 1).save(teacher)
    script = pathlib.Path(__file__).resolve().parents[2] / "training" / "pocket.py"
    command = [
        sys.executable, script, "--size=s", f"--teacher={teacher}", f"--data_dir={photos}",
        f"--val_dir={photos}", f"--output_dir={tmp_path / 'out'}", f"--cache_dir={tmp_path / 'c'}",
        "--steps=2", "--hr_patch=32", "--batch_size=2", "--precision=float32",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "18428 parameters folded" in done.stdout
    folded = keras.saving.load_model(tmp_path / "out" / "pocket_secn_s_folded" / "model.keras")
    assert folded.count_params() == 18_428
    table = json.loads((tmp_path / "out" / "table.json").read_text())
    assert [row["parameters"] for row in table["networks"]] == [18_428]
    again = subprocess.run([*command, "--steps=3"], capture_output=True, text=True)
    assert again.returncode == 1 and "steps was 2, now 3" in again.stderr
