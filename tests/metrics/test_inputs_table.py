"""The benchmark over kinds of LR pictures: what it says is what a user gets."""

import json
import warnings

import numpy as np
import pytest
from commands import ROOT
from drawn_pages import page_folder
from inputs_table import gains, measure, summary, to_markdown
from PIL import Image

from keras_secn import Upscaler, metrics
from keras_secn.data.degradation import parse_degradation
from keras_secn.presets.store import preset_card

SAMPLE = ROOT / "keras_secn" / "samples" / "validation" / "colosseum.jpg"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("set") / "set5"
    folder.mkdir()
    image = Image.open(SAMPLE).convert("RGB")
    image.crop((100, 100, 260, 240)).save(folder / "a.png")
    image.crop((300, 100, 420, 221)).save(folder / "b.png")
    return folder


@pytest.fixture(scope="module")
def rows(folder):
    return measure(["pocket_secn_s", "auto"], [folder], ["png", "jpeg40"], 2, progress=False)


def scores(rows, kind, model):
    found = [row for row in rows if (row["kind"], row["model"]) == (kind, model)]
    return {row["photograph"]: row for row in found}


@pytest.mark.parametrize("model", ["bicubic", "pocket_secn_s"])
def test_clean_pictures_have_the_protocols_scores(rows, folder, model):
    upscale = metrics.bicubic_upscaler(2) if model == "bicubic" else Upscaler(model)
    report = metrics.evaluate(upscale, folder)
    for row in report.rows:
        found = scores(rows, "png", model)[row["name"]]
        assert (found["psnr_y"], found["ssim_y"]) == (row["psnr_y"], row["ssim_y"])


def test_auto_is_what_the_command_makes_of_the_file(rows, folder, tmp_path):
    for name, row in scores(rows, "jpeg40", "auto").items():
        hr = np.asarray(Image.open(folder / f"{name}.png"))
        hr = hr[: len(hr) // 2 * 2]
        low = parse_degradation("png")(hr, 2)
        Image.fromarray(low).save(tmp_path / f"{name}.jpg", quality=40, subsampling="4:2:0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = Upscaler()(tmp_path / f"{name}.jpg", tmp_path / f"{name}.png")
        sr = np.asarray(Image.open(made))
        assert metrics.psnr_y(hr, sr, 2) == pytest.approx(row["psnr_y"], abs=0.02)
        assert row["took"] == "ct_secn_16_jpeg" and "40" in row["reason"]


def test_gains_are_differences_to_bicubic(rows):
    figures = summary(rows, ["pocket_secn_s", "auto"], 2)
    assert figures["weights"]["pocket_secn_s"] == preset_card("pocket_secn_s")["sha256"]
    assert set(figures["weights"]) >= {"ct_secn_16_jpeg"}
    means = {(row["kind"], row["model"]): row["psnr_y"] for row in figures["means"]}
    gain = means["png", "pocket_secn_s"] - means["png", "bicubic"]
    assert f"({gain:+.2f})" in to_markdown(figures["means"])
    assert f"{gain:+.2f} (" in gains(figures["means"], "set5") and gain > 0.5


@pytest.mark.parametrize("file", ["inputs.json", "inputs_pages.json"])
def test_figures_of_the_pages_are_of_the_presets_that_are_shipped(file):
    path = ROOT / "docs" / file
    if not path.is_file():
        pytest.skip("not measured yet: make inputs")
    figures = json.loads(path.read_text(encoding="utf-8"))
    assert figures["weights"] == {
        name: preset_card(name)["sha256"] for name in figures["weights"]
    }, "run make inputs: the presets have changed"


def test_pages_are_the_same_each_time():
    def drawn():
        with page_folder() as folder:
            return {path.name: np.asarray(Image.open(path)) for path in folder.iterdir()}

    first, second = drawn(), drawn()
    assert len(first) == 12 and {pixels.shape for pixels in first.values()} == {(480, 600, 3)}
    for name, pixels in first.items():
        np.testing.assert_array_equal(pixels, second[name])
    assert len({pixels.tobytes() for pixels in first.values()}) == 12
