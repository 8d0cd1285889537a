"""Losses, VDSR's clipping, supervision, the stages of CT-SRCNN, SRGAN, and the commands."""

import json
import os
import pathlib
import re
import subprocess
import sys

import commands
import comparison
import keras
import large_models
import numpy as np
import pytest
import srgan
import system_run
import table1
from absl import flags
from compare_blocks import ComparisonSettings, compare_blocks
from ct_srcnn_widths import WidthPlan, transfer_widths
from pictures import noise
from PIL import Image
from publish import publish
from scripts import script

from keras_secn import presets
from keras_secn.data.color import rgb_to_y
from keras_secn.data.imresize import imresize
from keras_secn.data.patches import PatchDataset
from keras_secn.data.photo_cache import PhotoCache
from keras_secn.metrics.protocol import evaluate, image_upscaler
from keras_secn.models import registry
from keras_secn.models.ct_srcnn import build_ct_srcnn
from keras_secn.models.drcn import build_drcn
from keras_secn.models.lapsrn import build_lapsrn
from keras_secn.models.secn import build_ct_secn, build_secn
from keras_secn.models.srresnet import build_discriminator, build_srresnet
from keras_secn.models.vdsr import build_vdsr
from keras_secn.rewrite.fuse_upsampler import fuse_for_training
from keras_secn.training import batch_statistics
from keras_secn.training.losses import PictureLoss, SupervisedModel, losses_of, supervised
from keras_secn.training.optimizers import AdjustableClippingSGD
from keras_secn.training.recipe import Recipe
from keras_secn.training.trainer import compile_model
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table
from keras_secn.utils.precision_scope import precision_scope

TRAINING = pathlib.Path(__file__).parents[2] / "training"
PROBE = np.random.default_rng(0).uniform(0, 255, (1, 9, 8, 3)).astype("float32")


def validate(model):
    return {"val_psnr": float(np.mean(model.predict_on_batch(PROBE))), "val_ssim": 0.5}


def recipe(steps=2, **options):
    return Recipe(steps, **{"interval": 1, "batch_size": 2, "hr_patch": 16, **options})


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Photographs for what is trained once, for several tests."""
    folder = tmp_path_factory.mktemp("photos")
    for seed in range(3):
        Image.fromarray(noise((40 + seed, 52), seed)).save(folder / f"{seed}.png")
    return PhotoCache.build(folder, tmp_path_factory.mktemp("cache"), scale=2, progress=False)


@pytest.fixture(scope="module")
def espcn(cache, tmp_path_factory):
    """A trained network, and its run."""
    folder = tmp_path_factory.mktemp("espcn")
    arguments = registry.system("espcn").small
    settings = system_run.SystemSettings("espcn", recipe(), arguments=arguments)
    return system_run.run_system(settings, cache, folder, validate=validate)[0], folder


@pytest.fixture(scope="module")
def ct_srcnn(cache, tmp_path_factory):
    """A network that was widened and trimmed, the rows of its run, and the run."""
    folder = tmp_path_factory.mktemp("ct_srcnn")
    settings = system_run.SystemSettings(
        "ct_srcnn", recipe(steps=6), plan=WidthPlan(4, 2, 3, 1, 2, 2)
    )
    return *system_run.run_system(settings, cache, folder, validate=validate), folder


@pytest.fixture
def pictures():
    rng = np.random.default_rng(1)
    return rng.uniform(0, 255, (2, 2, 16, 20, 3)).astype("float32")


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        ("l1", np.abs),
        ("l2", np.square),
        ("charbonnier", lambda error: np.sqrt(error**2 + 0.255**2)),
    ],
)
def test_losses_are_their_formulas(penalty, expected, pictures):
    hr, sr = pictures
    found = float(PictureLoss(penalty)(hr, sr))
    assert found == pytest.approx(expected(hr - sr).mean(), rel=1e-5)
    y = rgb_to_y(hr) - rgb_to_y(sr)
    found = float(PictureLoss(penalty, luminance_share=1.0)(hr, sr))
    assert found == pytest.approx(expected(y).mean(), rel=1e-4)
    shared = 0.9 * expected(y).mean() + 0.1 * expected(hr - sr).mean()
    assert float(PictureLoss(penalty, luminance_share=0.9)(hr, sr)) == pytest.approx(shared, 1e-4)


@pytest.mark.parametrize("scale", [2, 3])
def test_training_on_the_fused_upsampler_is_the_same_training(scale):
    rng = np.random.default_rng(1)
    lr = rng.uniform(0, 255, (2, 7, 9, 3)).astype("float32")
    hr = rng.uniform(0, 255, (2, 7 * scale, 9 * scale, 3)).astype("float32")
    plain, network = (build_secn(scale, blocks=1, filters=4) for _ in range(2))
    network.set_weights(plain.get_weights())
    fused = fuse_for_training(network)
    assert fused is not network
    for model in (plain, fused):
        model.compile(keras.optimizers.SGD(1e-3), PictureLoss())
    start = plain.get_weights()
    for _ in range(3):
        losses = [float(model.train_on_batch(lr, hr)) for model in (plain, fused)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    ends = plain.get_weights(), network.get_weights()
    for one, other in zip(*ends, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-5)
    # the gradients reach both convolutions
    assert all(np.any(new != old) for new, old in zip(ends[1][-4:], start[-4:], strict=True))
    # the network itself computes what it always did, with its new weights
    plain.set_weights(ends[1])
    np.testing.assert_array_equal(network.predict_on_batch(lr), plain.predict_on_batch(lr))


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(
    "build",
    [
        lambda: build_secn(blocks=2, filters=4),
        lambda: build_ct_secn(n=1, blocks=2, filters=4),
        lambda: build_srresnet(blocks=1, filters=4),
        lambda: build_lapsrn(4, depth=1, filters=4),
    ],
)
def test_what_trains_has_the_variables_of_the_network_in_their_order(build, precision):
    with precision_scope(precision):
        network = supervised(build())
    parts = network.layers, network.get_config()
    trained = fuse_for_training(network)
    for variables in ("trainable_variables", "non_trainable_variables"):
        one, other = getattr(trained, variables), getattr(network, variables)
        assert [id(variable) for variable in one] == [id(variable) for variable in other]
    assert type(trained) is type(network)
    assert (network.layers, network.get_config()) == parts
    np.testing.assert_allclose(
        np.asarray(keras.tree.flatten(trained.predict_on_batch(PROBE))[0]),
        np.asarray(keras.tree.flatten(network.predict_on_batch(PROBE))[0]),
        atol=1e-3 if precision == "float32" else 2,
    )


def test_smaller_and_gray_pictures_are_compared_with_hr_in_their_form(pictures):
    hr, _ = pictures
    small = np.stack([imresize(image, scale=0.5) for image in hr])
    # the border is treated otherwise than by MATLAB's resize
    error = np.abs(PictureLoss(shrink=2).call(hr, small))[:, 2:-2, 2:-2]
    assert error.max() < 1e-2
    gray = rgb_to_y(hr)[..., None].astype("float32") / 255
    assert PictureLoss()(hr, gray) < 1e-3


def test_a_step_moves_no_weight_by_more_than_theta():
    start = np.array([1.0, -2.0, 3.0], "float32")
    gradient = np.array([1e6, -1e-3, -1e6], "float32")
    for rate in (0.1, 1e-3):
        weight = keras.Variable(start)
        optimizer = AdjustableClippingSGD(rate, theta=0.01, momentum=0.9)
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weight])
        np.testing.assert_allclose(weight - start, [-0.01, rate * 1e-3, 0.01], atol=1e-6)


def test_theta_needs_sgd_and_losses_have_names():
    with pytest.raises(UserError, match="needs a momentum"):
        Recipe(10, theta=0.01)
    with pytest.raises(UserError, match="clipnorm must be 0"):
        Recipe(10, momentum=0.9, theta=0.01, clipnorm=1.0)
    with pytest.raises(UserError, match="unknown loss 'l3'"):
        Recipe(10, loss="l3")
    for share in (-0.1, 1.5, float("nan")):
        with pytest.raises(UserError, match="luminance_share must be 0 to 1"):
            Recipe(10, luminance_share=share)
    assert isinstance(Recipe(10, momentum=0.9, theta=0.1).optimizer(), AdjustableClippingSGD)


@pytest.mark.parametrize("name", ["warmup", "clipnorm", "seed", "patience", "theta", "momentum"])
def test_what_a_recipe_counts_is_not_negative(name):
    with pytest.raises(UserError, match=f"{name} must be at least 0"):
        Recipe(10, **{"momentum": 0.9, name: -1})


def test_a_damaged_run_is_not_published(tmp_path):
    (tmp_path / "table.json").write_text("{")
    with pytest.raises(UserError, match="table.json is damaged"):
        publish(tmp_path, [], [], {})


def test_a_scale_below_2_is_refused_by_its_flag(tmp_path):
    with pytest.raises(flags.IllegalFlagValueError, match="scale=0"):
        script("training/pocket.py", scale=0, output_dir=tmp_path)


@pytest.mark.parametrize("arguments", [[1], 5, None, {"scale": 3}, {"name": "mine"}])
def test_arguments_that_no_factory_takes_are_refused(arguments):
    with pytest.raises(UserError, match="arguments are values by name"):
        system_run.SystemSettings("secn", recipe(), arguments=arguments)


@pytest.mark.parametrize(
    ("build", "outputs", "weights"),
    [
        # DRCN: alpha = 1/2 shared out over the recursions
        (lambda: build_drcn(recursions=3, filters=4), 4, [1, 1 / 3, 1 / 3, 1 / 3]),
        (lambda: build_lapsrn(scale=4, depth=1, filters=4), 2, [1, 1]),
    ],
)
def test_intermediate_pictures_are_supervised(build, outputs, weights):
    keras.utils.set_random_seed(0)
    model = build()
    trained = supervised(model)
    assert isinstance(trained, SupervisedModel) and len(trained.outputs) == outputs
    # the average of one is put into the other by order
    assert [w.path for w in trained.weights] == [w.path for w in model.weights]
    losses, loss_weights = losses_of(trained, "l2")
    np.testing.assert_allclose(loss_weights, weights)

    scale = model.compute_output_shape((1, 6, 6, 3))[1] // 6
    rng = np.random.default_rng(0)
    lr = rng.uniform(0, 255, (2, 6, 6, 3)).astype("float32")
    hr = rng.uniform(0, 255, (2, 6 * scale, 6 * scale, 3)).astype("float32")
    found = [loss(hr, sr) for loss, sr in zip(losses, trained(lr), strict=True)]
    compile_model(trained, Recipe(1, loss="l2"))
    total = trained.evaluate(lr, hr, verbose=0, return_dict=True)["loss"]
    assert total == pytest.approx(np.dot(np.array(found, float), weights), rel=1e-4)


def test_networks_without_marks_are_trained_as_they_are():
    model = build_vdsr(depth=2, filters=4)
    assert supervised(model) is model and losses_of(model)[1] is None


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("vdsr", {}),
        ("drcn", {}),
        ("lapsrn", {}),
        ("srresnet", {"precision": "mixed_bfloat16"}),
    ],
)
def test_systems_train_and_go_on(name, options, cache, tmp_path):
    entry = registry.system(name)
    settings = system_run.SystemSettings(
        name, recipe(**entry.recipe, **options), arguments=entry.small
    )
    model, (row,) = system_run.run_system(settings, cache, tmp_path / "run", validate=validate)
    home = tmp_path / "run" / name
    assert row["steps"] == 2 and row["parameters"] == model.count_params()
    history = json.loads((home / "history.json").read_text())
    assert [r["step"] for r in history] == [1, 2] and all(r["loss"] > 0 for r in history)
    assert json.loads((home.parent / "table.json").read_text())["networks"] == [row]
    fresh = settings.build(name, entry.small)
    moved = [not np.array_equal(a, b) for a, b in zip(fresh.weights, model.weights, strict=True)]
    assert any(moved)
    again, _ = system_run.run_system(settings, cache, tmp_path / "run", validate=validate)
    np.testing.assert_array_equal(model(PROBE), again(PROBE))


def test_batch_norms_are_those_of_the_averaged_weights(cache, tmp_path):
    entry = registry.system("srresnet")
    settings = system_run.SystemSettings(
        "srresnet", recipe(4, interval=2, ema=0.9), arguments=entry.small
    )
    model, _ = system_run.run_system(settings, cache, tmp_path / "run", validate=validate)
    norms = [layer for layer in model.layers if "_norm" in layer.name]
    data = PatchDataset(cache, 2, 16, steps=batch_statistics.BATCHES)
    # the first one's input depends on no other norm
    before = keras.Model(model.input, norms[0].input)
    features = [np.array(before(data[i][0])) for i in range(len(data))]
    mean, variance = (
        np.mean([moment(batch, axis=(0, 1, 2)) for batch in features], axis=0)
        for moment in (np.mean, np.var)
    )
    np.testing.assert_allclose(norms[0].moving_mean, mean, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(norms[0].moving_variance, variance, rtol=1e-3)
    assert {layer.momentum for layer in norms} == {0.99}


def test_a_trained_network_is_trained_further(espcn, cache, tmp_path, capsys):
    first, run = espcn
    path = str(run / "espcn" / "model.keras")
    settings = system_run.SystemSettings(
        "espcn",
        recipe(learning_rate=1e-12),
        arguments=registry.system("espcn").small,
        initial=path,
    )
    further, _ = system_run.run_system(settings, cache, tmp_path / "further", validate=validate)
    np.testing.assert_allclose(further(PROBE), first(PROBE), atol=1e-3)
    score = validate(first)["val_psnr"]
    assert f"espcn starts at {score:.2f} dB\n" in capsys.readouterr().err
    settings = system_run.SystemSettings("fsrcnn", recipe(), initial=path)
    with pytest.raises(UserError, match="espcn is another network"):
        system_run.run_system(settings, cache, tmp_path / "other", validate=validate)


def test_a_system_becomes_a_preset(espcn, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(presets.store, "FOLDER", tmp_path)
    model, run = espcn
    publish(run, [], [photos], {"data": "noise", "command": "train.py"})
    card = presets.preset_card("espcn")
    assert card["factory"] == "build_espcn" and card["training"]["steps"] == 2
    np.testing.assert_allclose(presets.load("espcn")(PROBE), model(PROBE), atol=0.5)


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


@pytest.fixture
def adversarial(tmp_path):
    """Settings of a tiny SRGAN with random features (pretrained ones cannot be fetched here)."""
    keras.utils.set_random_seed(0)
    build_srresnet(blocks=1, filters=4).save(tmp_path / "generator.keras")

    def settings(steps, **options):
        return srgan.AdversarialSettings(
            recipe(steps, ema=0.0, warmup=0, schedule="constant", learning_rate=1e-3),
            str(tmp_path / "generator.keras"),
            features="VGG16",
            feature_layer="block1_conv2",
            feature_weights="random",
            filters=4,
            units=8,
            **options,
        )

    return settings


def test_srgan_moves_both_networks_and_goes_on_exactly(adversarial, cache, tmp_path):
    def networks():
        settings = adversarial(3)
        keras.utils.set_random_seed(0)
        return srgan.Adversaries(
            keras.saving.load_model(settings.initial),
            build_discriminator(16, 4, 8),
            srgan.feature_network("VGG16", "block1_conv2", "random"),
            settings,
        )

    data = PatchDataset(cache, 2, 16)
    whole = networks()
    before = {id(v): np.array(v) for v in whole.variables}
    logs = whole.step(*data[0])
    assert logs["loss"] > 0 and logs["discriminator_loss"] > 0
    for network in (whole.generator, whole.discriminator):
        network.trainable = True
        for weight in network.trainable_variables:
            assert not np.array_equal(before[id(weight)], weight), weight.path
    whole.save(tmp_path / "state.npz", [{"step": 1}])
    whole.step(*data[1])

    resumed = networks()
    assert resumed.load(tmp_path / "state.npz") == [{"step": 1}]
    resumed.step(*data[1])
    np.testing.assert_array_equal(resumed.generator(PROBE), whole.generator(PROBE))


def test_srgan_as_a_run(adversarial, cache, tmp_path):
    before, after = srgan.run_adversarial(
        adversarial(2), cache, tmp_path / "run", validate=validate
    )
    assert (before["steps"], after["steps"]) == (0, 2)
    assert before["val_psnr"] != after["val_psnr"]
    found = keras.saving.load_model(tmp_path / "run" / "srgan" / "model.keras")
    assert validate(found)["val_psnr"] == pytest.approx(after["val_psnr"], abs=1e-4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("VGG99",), "no network 'VGG99'"),
        (("VGG16", "block9", "random"), "block9"),
        (("VGG16", "block1_conv2", "missing.weights.h5"), "missing.weights.h5"),
    ],
)
def test_feature_networks_that_cannot_be_are_named(arguments, words):
    with pytest.raises(UserError, match=words):
        srgan.feature_network(*arguments)


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


def run(name, *arguments):
    arguments = [str(argument) for argument in arguments]
    command = [sys.executable, TRAINING / name, *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_train_py_as_a_user_runs_it(photos, tmp_path):
    done = run(
        *("train.py", "--model", "espcn", "--steps", 2, "--interval", 1, "--batch_size", 2),
        *("--hr_patch", 16, "--data_dir", photos, "--precision", "float32"),
        *("--output_dir", tmp_path / "run", "--cache_dir", tmp_path / "cache"),
    )
    assert done.returncode == 0, done.stderr
    assert "|  | espcn |" in done.stdout
    assert "precision: float32" in done.stderr
    assert "no --val_dir: scores are of the samples" in done.stderr
    candidates, _ = comparison.load_candidates([str(tmp_path / "run" / "espcn" / "model.keras")])
    assert candidates[0].parameters == 21_284


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"model": "vgg"}, "unknown system 'vgg'"),
        ({"model": "vdsr", "arguments": "{"}, "not JSON"),
        ({"model": "aplus", "teacher": "secn"}, "--teacher does nothing for aplus"),
        ({"model": "aplus", "strategy": "auto"}, "--strategy does nothing for aplus"),
        ({"model": "vdsr", "start": "random"}, "--start does nothing for vdsr"),
        ({"model": "vdsr", "teacher_share": 0.5}, "--teacher_share needs a --teacher"),
    ],
)
def test_train_py_refuses(arguments, words, photos):
    with pytest.raises(UserError, match=words):
        script("training/train.py", **arguments, data_dir=photos, val_dir=photos)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--model is required"),
        (("--model", "vdsr", "--steps", "many"), "--steps"),
        (("--steps", "many"), "--steps=many"),  # and not that --model is missing
        (("--model", "vdsr", "--stepps", 3), "stepps"),
        (("--model", "aplus", "--teacher", "secn"), "--teacher does nothing for aplus"),
    ],
)
def test_train_py_refuses_in_one_line(arguments, words, photos):
    done = run("train.py", *arguments, "--data_dir", photos, "--val_dir", photos)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error:") and words in done.stderr


SCRIPTS = sorted(
    path
    for folder in ("training", "benchmarks", "tflite")
    for path in (TRAINING.parent / folder).glob("*.py")
    if "run_app(main" in path.read_text()
)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_help_tells_all_flags_and_waits_for_no_backend(path):
    """Keras takes seconds to load; whoever asks for help has not decided to run anything."""
    done = subprocess.run(
        [sys.executable, path, "--help"],
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "none"},  # loading Keras would fail
    )
    assert done.returncode == 0, done.stderr
    told = set(re.findall(r"^  --(?:\[no\])?(\w+)", done.stdout, re.MULTILINE))
    own = set(re.findall(r'DEFINE_\w+\(\s*"(\w+)"', path.read_text()))
    name = f"{path.parent.name}/{path.name}"
    assert own <= told <= commands.known_flags(name)
    assert f"python {name}" in done.stdout
    sections = re.findall(r"^([A-Z][a-z ]+):$", done.stdout, re.MULTILINE)
    assert "Required" not in sections or sections[0] == "Required"
    if name == "training/train.py":
        (models,) = re.findall(r"One of ([^.]+)\.", done.stdout)
        assert {name.strip() for name in models.split(",")} == set(registry.SYSTEMS)


def test_presets_of_systems_are_known_to_the_table():
    """A preset that bears a system's name must be that system."""
    for name in set(presets.list_presets()) & set(registry.SYSTEMS):
        card = presets.preset_card(name)
        assert card["parameters"] == registry.SYSTEMS[name].parameters
        assert card["factory"] == registry.SYSTEMS[name].factory


def test_networks_with_layers_of_their_own_are_evaluated_in_a_fresh_process(photos, tmp_path):
    """Their layers must be known although nothing built one there."""
    for name in ("drcn", "aplus"):
        entry = registry.system(name)
        entry.build(**entry.small).save(tmp_path / f"{name}.keras")
    models = ",".join(str(tmp_path / f"{name}.keras") for name in ("drcn", "aplus"))
    done = run("evaluate.py", "--model", models, "--data_dir", photos)
    assert done.returncode == 0, done.stderr
    assert "| drcn | aplus |" in done.stdout


@pytest.mark.parametrize(
    "flag",
    ["video.py --sizes=640x360,", "browser.py --size=", "upscale.py --sizes="],
)
@pytest.mark.parametrize("size", ["foo", "640", "640x", "0x360", "640x360x3", "-2x3"])
def test_benchmarks_refuse_a_size_in_one_line(monkeypatch, flag, size):
    name, options = f"benchmarks/{flag}{size}".split(" ")
    monkeypatch.syspath_prepend(TRAINING.parent / "benchmarks")
    option, value = options.removeprefix("--").split("=")
    with pytest.raises(UserError, match="a size is WxH, for example 640x360"):
        script(name, **{option: value})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("host_time", {"networks": "1,many"}),
        ("host_time", {"at_once": "-1"}),
        ("host_time", {"degradations": "rain"}),
        ("train_step", {"networks": "secn"}),
    ],
)
def test_benchmarks_refuse_values_that_are_none_in_one_line(monkeypatch, name, options):
    monkeypatch.syspath_prepend(TRAINING.parent / "benchmarks")
    with pytest.raises(UserError, match="are whole numbers, not|unknown degradation 'rain'"):
        script(f"benchmarks/{name}.py", **options)
