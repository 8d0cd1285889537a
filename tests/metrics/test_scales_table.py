"""The table of all scales: LiteRT's figures are Keras', and a card that says otherwise is named."""

import copy

import pytest
import scales_table
from commands import ROOT
from PIL import Image

from keras_secn import load, metrics
from keras_secn.presets.store import list_presets, preset_card


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("set") / "small"
    folder.mkdir()
    image = Image.open(ROOT / "keras_secn" / "samples" / "validation" / "osprey.jpg")
    image.crop((200, 60, 330, 170)).save(folder / "a.png")
    return folder


def test_figures_are_those_of_keras(folder):
    bicubic, *others = scales_table.rows_of([folder], 3)
    assert bicubic["name"] == "bicubic"
    of_x3 = [name for name in list_presets() if preset_card(name)["scale"] == 3]
    assert sorted(row["name"] for row in others) == sorted(of_x3)
    for row in others:
        report = metrics.evaluate(metrics.image_upscaler(load(row["name"])), folder, 3)
        measured = row["scores"]["small"]["psnr_y"]
        assert measured == pytest.approx(report.mean("psnr_y"), abs=1e-2), row["name"]
    report = metrics.evaluate(metrics.bicubic_upscaler(3), folder, 3)
    assert bicubic["scores"]["small"]["psnr_y"] == report.mean("psnr_y")
    assert scales_table.wrong_cards([bicubic, *others]) == []


def test_a_card_that_says_something_else_is_named():
    right = {
        "name": "ct_secn_16_x4",
        "scores": copy.deepcopy(scales_table.preset_card("ct_secn_16_x4")["scores"]),
    }
    assert scales_table.wrong_cards([right]) == []
    right["scores"]["set5"]["psnr_y"] += 0.02
    (line,) = scales_table.wrong_cards([right])
    assert line.startswith("ct_secn_16_x4: set5")
