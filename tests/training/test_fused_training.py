"""Training on the fused upsampler is the same training, of the same variables."""

import keras
import numpy as np
import pytest
from small_runs import PROBE

from keras_secn.models.lapsrn import build_lapsrn
from keras_secn.models.secn import build_ct_secn, build_secn
from keras_secn.models.srresnet import build_srresnet
from keras_secn.rewrite.fuse_upsampler import fuse_for_training
from keras_secn.training.losses import PictureLoss, supervised
from keras_secn.utils.precision_scope import precision_scope


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
