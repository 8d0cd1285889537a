"""Losses, supervision of intermediate pictures, VDSR's clipping, and what recipes refuse."""

import keras
import numpy as np
import pytest

from keras_secn.data.color import rgb_to_y
from keras_secn.data.imresize import imresize
from keras_secn.models.drcn import build_drcn
from keras_secn.models.lapsrn import build_lapsrn
from keras_secn.models.vdsr import build_vdsr
from keras_secn.training.losses import PictureLoss, SupervisedModel, losses_of, supervised
from keras_secn.training.optimizers import AdjustableClippingSGD
from keras_secn.training.recipe import Recipe
from keras_secn.training.trainer import compile_model
from keras_secn.utils.errors import UserError


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
