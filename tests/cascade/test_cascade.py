"""The cascade's plan, the transfer of weights and how replacing blocks start."""

import keras
import numpy as np
import pytest
import system_run
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_secn.cascade.factorize import compose, separate_by_least_squares, separate_by_svd
from keras_secn.cascade.plan import CascadePlan
from keras_secn.cascade.run import CascadeSettings
from keras_secn.cascade.transfer import CascadeReplacement, transfer_weights
from keras_secn.layers.blocks import BLOCKS
from keras_secn.models.edsr_trunk import block_kinds, block_layers, build_network
from keras_secn.training.recipe import Recipe
from keras_secn.utils.errors import UserError

FILTERS = 8
OTHERS = sorted(set(BLOCKS) - {"se", "separable"})


def network(kinds, seed=0):
    keras.utils.set_random_seed(seed)
    return build_network(kinds, filters=FILTERS)


def convolve(features, kernel, bias):
    outputs = keras.ops.conv(features, kernel, padding="same")
    return keras.ops.convert_to_numpy(outputs) + bias


def convolve_separable(features, weights):
    depthwise, depthwise_bias, pointwise, pointwise_bias = weights
    outputs = keras.ops.depthwise_conv(features, depthwise, padding="same") + depthwise_bias
    return convolve(outputs, pointwise, pointwise_bias)


def test_the_papers_plan_replaces_two_blocks_per_stage_from_the_back():
    plan = CascadePlan()
    assert plan.counts == [0, 2, 4, 6, 8, 10, 12, 14, 16]
    assert plan.kinds(4) == ["se"] * 12 + ["separable"] * 4


@given(
    blocks=st.integers(1, 32),
    data=st.data(),
    order=st.sampled_from(["back_to_front", "front_to_back"]),
)
@settings(max_examples=50, deadline=None)
def test_every_plan_ends_with_all_replacements_and_never_undoes_one(blocks, data, order):
    replace = data.draw(st.integers(0, blocks))
    plan = CascadePlan(blocks, replace, data.draw(st.integers(1, blocks)), order)
    stages = [plan.kinds(count) for count in plan.counts]
    assert stages[0] == ["se"] * blocks
    assert stages[-1].count("separable") == replace
    for before, after in zip(stages, stages[1:], strict=False):
        assert len(after) == blocks and before != after
        assert all(
            a == b or (b, a) == ("se", "separable") for b, a in zip(before, after, strict=True)
        )


def test_a_convolution_composed_of_a_separable_one_equals_it():
    rng = np.random.default_rng(4)
    shapes = [(3, 3, 5, 1), (5,), (1, 1, 5, 7), (7,)]
    weights = [rng.normal(size=shape).astype("float32") for shape in shapes]
    features = rng.normal(size=(2, 6, 9, 5)).astype("float32")
    found = convolve(features, *compose(*weights))
    np.testing.assert_allclose(found, convolve_separable(features, weights), atol=1e-4)


def test_a_network_with_fewer_separable_blocks_starts_as_the_one_with_more():
    light = network(["separable"] * 3, seed=1)
    heavy = network(["se", "se", "separable"], seed=2)
    for weight in light.trainable_variables:  # biases and SE as trained ones: not at zero
        weight.assign_add(0.1 * keras.random.normal(weight.shape))
    assert transfer_weights(light, heavy, "compose") == [0, 1]
    picture = np.random.default_rng(0).uniform(0, 255, (1, 9, 12, 3)).astype("float32")
    np.testing.assert_allclose(
        heavy.predict(picture, verbose=0), light.predict(picture, verbose=0), atol=0.05
    )
    with pytest.raises(UserError, match="of separable ones, no others"):
        transfer_weights(network(["se"]), network(["separable"]), "compose")


def test_training_takes_a_network_with_more_separable_blocks_to_go_on_from(build_cache, tmp_path):
    light, path = network(["separable"] * 3, seed=1), tmp_path / "light.keras"
    light.save(path)
    arguments = {"n": 1, "blocks": 3, "filters": FILTERS}
    recipe = Recipe(2, 1e-12, batch_size=1, hr_patch=16)
    settings = system_run.SystemSettings(
        "ct_secn_16", recipe, arguments=arguments, initial=str(path)
    )
    heavy, rows = system_run.run_system(
        settings,
        build_cache(scale=2),
        tmp_path / "run",
        validate=lambda _: dict(val_psnr=0.0, val_ssim=0.0),
    )
    assert [row["name"] for row in rows] == [heavy.name] == ["ct_secn_1"]
    assert block_kinds(heavy) == ["se", "se", "separable"]
    picture = np.random.default_rng(0).uniform(0, 255, (1, 9, 12, 3)).astype("float32")
    expected = light.predict(picture, verbose=0)
    np.testing.assert_allclose(heavy.predict(picture, verbose=0), expected, atol=0.05)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"replace": 17}, "17 of 16"),
        ({"per_stage": 0}, "at least 1"),
        ({"order": "sideways"}, "unknown order"),
        ({"target": "dense"}, "unknown block kind"),
    ],
)
def test_impossible_plans_are_named(arguments, words):
    with pytest.raises(UserError, match=words):
        CascadePlan(**arguments)


@pytest.mark.parametrize("kind", ["separable", "inverted", "fire"])
def test_random_start_copies_all_but_the_replaced_block(kind):
    source, target = network(["se"] * 3), network(["se", kind, "se"], seed=1)
    fresh = {w.path: np.array(w) for w in target.weights}
    assert transfer_weights(source, target) == [1]
    for layer in target.layers:
        if layer.name != "block_1":
            old = source.get_layer(layer.name).get_weights()
            assert all(np.array_equal(a, b) for a, b in zip(layer.get_weights(), old, strict=True))
    for weight in block_layers(target)[1].weights:
        if "/se/" in weight.path:
            old = next(w for w in source.weights if w.path == weight.path)
            np.testing.assert_array_equal(weight, old)
        else:
            np.testing.assert_array_equal(weight, fresh[weight.path])


def test_callback_transfers_before_the_first_step():
    source, target = network(["se"] * 2), network(["se", "separable"], seed=1)
    target.compile("sgd", "mae")
    target.optimizer.learning_rate = 0.0
    callback = CascadeReplacement(source)
    patches = np.zeros((1, 4, 4, 3)), np.zeros((1, 8, 8, 3))
    target.fit(*patches, callbacks=[callback], verbose=0)
    assert callback.replaced == [1]
    np.testing.assert_array_equal(target.get_layer("head").kernel, source.get_layer("head").kernel)


@pytest.mark.parametrize("initializer", ["svd", "lstsq"])
def test_a_convolution_that_is_separable_is_recovered_exactly(initializer):
    """If every kernel has rank 1 per input channel, the new block must equal the old one."""
    source, target = network(["se"]), network(["separable"], seed=1)
    rng = np.random.default_rng(0)
    block = block_layers(source)[0]
    for conv in (block.conv_1, block.conv_2):
        depthwise = rng.normal(size=(3, 3, FILTERS, 1))
        pointwise = rng.normal(size=(1, 1, FILTERS, FILTERS)) / 10
        conv.set_weights([depthwise * pointwise, rng.normal(size=FILTERS)])
    patches = rng.uniform(0, 255, (4, 12, 12, 3)).astype("float32")
    transfer_weights(source, target, initializer, patches)
    np.testing.assert_allclose(target(patches), source(patches), atol=0.02)


def test_svd_is_nearer_than_other_rank_1_factors():
    rng = np.random.default_rng(3)
    kernel, bias = rng.normal(size=(3, 3, 4, 6)), rng.normal(size=6)
    depthwise, _, pointwise, _ = separate_by_svd(kernel, bias)
    best = np.linalg.norm(depthwise * pointwise - kernel)
    for _ in range(20):
        other = (depthwise + 0.05 * rng.normal(size=depthwise.shape)) * pointwise
        assert np.linalg.norm(other - kernel) > best


def test_least_squares_fits_outputs_better_than_svd_where_inputs_are_not_white():
    rng = np.random.default_rng(4)
    kernel, bias = rng.normal(size=(3, 3, 6, 5)), rng.normal(size=5)
    mix = rng.normal(size=(6, 6))
    features = np.maximum(rng.normal(size=(4, 16, 16, 6)).cumsum(1).cumsum(2) @ mix, 0)
    features = (features / features.std()).astype("float32")
    wanted = convolve(features, kernel.astype("float32"), bias)
    errors = [
        np.square(convolve_separable(features, weights) - wanted)[:, 1:-1, 1:-1].mean()
        for weights in (
            separate_by_svd(kernel, bias),
            separate_by_least_squares(kernel, bias, features),
        )
    ]
    assert errors[1] < 0.5 * errors[0]


@pytest.mark.parametrize(
    ("kinds", "initializer", "words"),
    [
        *((["se", kind], "svd", "separable blocks only") for kind in OTHERS),
        (["se", "separable"], "lstsq", "calibration"),
        (["se", "separable"], "magic", "unknown initializer"),
        (["se"], "random", "do not fit"),
    ],
)
def test_transfers_that_cannot_be_are_named(kinds, initializer, words):
    with pytest.raises(UserError, match=words):
        transfer_weights(network(["se"] * 2), network(kinds), initializer)


def test_other_width_is_named():
    with pytest.raises(UserError, match="head"):
        transfer_weights(network(["se"]), build_network(["se"], filters=4))


def test_source_and_target_live_on_after_a_transfer():
    """On JAX, `predict` gives the buffers of a model's state away: none may be the other's."""
    source, target = network(["se"]), network(["separable"], seed=1)
    patches = np.random.default_rng(0).uniform(0, 255, (2, 12, 12, 3)).astype("float32")
    transfer_weights(source, target, "lstsq", patches)
    for model in (source, target, source):
        assert np.isfinite(model.predict(patches, verbose=0)).all()


@pytest.mark.parametrize("initializer", ["svd", "lstsq"])
@pytest.mark.parametrize("kind", OTHERS)
def test_a_cascade_that_cannot_start_its_blocks_is_refused_before_it_trains(kind, initializer):
    plan, recipe = CascadePlan(2, 2, target=kind), Recipe(steps=1)
    with pytest.raises(UserError, match="separable blocks only"):
        CascadeSettings(plan, recipe, recipe, recipe, initializer=initializer)
