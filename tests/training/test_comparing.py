"""Comparisons: blocks at equal steps, large networks' steps, ours beside published figures."""

import keras
import large_models
import pytest
import table1
from compare_blocks import ComparisonSettings, compare_blocks
from small_runs import recipe, validate

from keras_secn import presets
from keras_secn.metrics.protocol import evaluate, image_upscaler
from keras_secn.models import registry
from keras_secn.models.vdsr import build_vdsr
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table


def test_blocks_are_compared_at_equal_steps(cache, tmp_path):
    kinds = ("residual", "mobilenet", "xception")
    settings = ComparisonSettings(kinds, recipe(), blocks=1, filters=8)
    rows = compare_blocks(settings, cache, tmp_path / "run", validate=validate)
    assert [row["name"] for row in rows] == list(kinds)
    assert rows[1]["parameters"] == rows[2]["parameters"] < rows[0]["parameters"]
    written = (tmp_path / "run" / "blocks.md").read_text().splitlines()
    assert len(written) == 5 and "MobileNetV1" in written[3]
    with pytest.raises(UserError, match="unknown block kinds"):
        ComparisonSettings(("dense",), recipe())


def test_a_large_step_is_measured_in_its_own_process():
    arguments = {"blocks": 1, "filters": 8}
    row = large_models.measure("secn_large", batch_size=1, hr_patch=8, arguments=arguments)
    assert row["parameters"] == registry.system("secn_large").build(**arguments).count_params()
    assert row["loss"] > 0 and row["peak_mib"] > 50
    assert row["precision"] == "mixed_bfloat16"
    assert "secn_large" in markdown_table(large_models.COLUMNS, [row])


def test_table1_shows_ours_beside_published(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(table1, "list_presets", list)
    keras.utils.set_random_seed(0)
    path = tmp_path / "vdsr" / "model.keras"
    path.parent.mkdir()
    build_vdsr(depth=2, filters=4).save(path)
    photos.rename(tmp_path / "set5")
    folders = [tmp_path / "set5"]
    rows = {row["name"]: row for row in table1.table1([path], folders)}
    assert list(rows) == ["bicubic", *registry.SYSTEMS]
    report = evaluate(image_upscaler(keras.saving.load_model(path)), folders[0])
    assert rows["vdsr"]["ours"] == [
        (pytest.approx(report.mean("psnr_y")), pytest.approx(report.mean("ssim_y")))
    ]
    assert rows["vdsr"]["published"] == [(37.53, 0.9587)] and rows["vdsr"]["seconds"] > 0
    assert rows["edsr"]["ours"] == [None] and rows["edsr"]["seconds"] is None
    text = table1.to_markdown(list(rows.values()), folders)
    assert "| EDSR B16F64 | 1,369,859 | 1.375 M | - (37.95 / 0.9604) | - |" in text
    table1.plot(list(rows.values()), "set5", tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 10_000


def test_published_figures_follow_the_folders_name():
    assert table1.published("bicubic", "data/Set14") == (30.24, 0.8688)
    assert table1.published("secn", "photos") is None
    assert table1.published("espcn", "set5") is None


def test_presets_of_systems_are_known_to_the_table():
    """A preset that bears a system's name must be that system."""
    for name in set(presets.list_presets()) & set(registry.SYSTEMS):
        card = presets.preset_card(name)
        assert card["parameters"] == registry.SYSTEMS[name].parameters
        assert card["factory"] == registry.SYSTEMS[name].factory
