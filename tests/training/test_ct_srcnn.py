"""CT-SRCNN: its plan of widths, how weights are handed on, its stages and its presets."""

import keras
import numpy as np
import pytest
import system_run
from ct_srcnn_widths import WidthPlan, transfer_widths
from publish import publish
from small_runs import PROBE, recipe, validate

from keras_secn import presets
from keras_secn.models.ct_srcnn import build_ct_srcnn
from keras_secn.utils.errors import UserError


@pytest.fixture(scope="module")
def ct_srcnn(cache, tmp_path_factory):
    """A network that was widened and trimmed, the rows of its run, and the run."""
    folder = tmp_path_factory.mktemp("ct_srcnn")
    settings = system_run.SystemSettings(
        "ct_srcnn", recipe(steps=6), plan=WidthPlan(4, 2, 3, 1, 2, 2)
    )
    return *system_run.run_system(settings, cache, folder, validate=validate), folder


def test_width_plan_grows_then_narrows():
    assert WidthPlan(4, 3, 6, 2, 2, 3).stages == [
        (4, 4),
        (4, 4, 4, 4),
        (4, 4, 4, 4, 4),
        (4, 4, 2, 2, 2),
        (2, 2, 2, 2, 2),
    ]
    assert len(WidthPlan().stages[-1]) == 12 and WidthPlan().stages[-1][0] == 32
    for options, words in (
        ({"start": 1}, "cannot grow"),
        ({"depth": 2}, "cannot grow"),
        ({"per_stage": 0}, "at least one"),
        ({"trimmed": 65}, "cannot trim"),
    ):
        with pytest.raises(UserError, match=words):
            WidthPlan(**options)


def test_a_deeper_network_starts_where_the_shallow_one_stood():
    keras.utils.set_random_seed(0)
    source, target = build_ct_srcnn(widths=(5, 6)), build_ct_srcnn(widths=(5, 6, 6, 6))
    transfer_widths(source, target)
    np.testing.assert_allclose(target(PROBE), source(PROBE), atol=1e-3)


def test_trimming_drops_the_channels_that_do_nothing():
    keras.utils.set_random_seed(0)
    source, target = build_ct_srcnn(widths=(6, 5)), build_ct_srcnn(widths=(3, 2))
    for name, dead in (("conv_0", [0, 2, 5]), ("conv_1", [1, 2, 4])):
        kernel, bias = source.get_layer(name).get_weights()
        kernel[..., dead] *= 1e-6
        source.get_layer(name).set_weights([kernel, bias])
    transfer_widths(source, target)
    np.testing.assert_allclose(target(PROBE), source(PROBE), atol=1e-2)


def test_ct_srcnn_runs_its_stages(ct_srcnn):
    model, rows, run = ct_srcnn
    names = ["ct_srcnn_0", "ct_srcnn", "ct_srcnn_trimmed"]
    assert [row["name"] for row in rows] == names
    assert [row["steps"] for row in rows] == [2, 4, 6]
    assert model.get_layer("conv_0").filters == 2
    assert (run / "history.png").is_file()


def test_both_ends_of_ct_srcnn_become_presets(ct_srcnn, photos, tmp_path, monkeypatch):
    _, _, run = ct_srcnn
    monkeypatch.setattr(presets.store, "FOLDER", tmp_path)
    names = ["ct_srcnn", "ct_srcnn_trimmed"]
    publish(run, names, [photos], {"data": "noise"})
    for name, widths in zip(names, ([4, 4], [2, 2]), strict=True):
        model = presets.load(name)
        trained = keras.saving.load_model(run / name / "model.keras")
        assert [model.get_layer(f"conv_{i}").filters for i in range(2)] == widths
        np.testing.assert_allclose(model(PROBE), trained(PROBE), atol=0.5)
