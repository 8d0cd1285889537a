"""Networks that start as bicubic interpolation."""

import keras
import numpy as np
import pytest
from pictures import noise

from keras_secn.data.imresize import imresize
from keras_secn.metrics.psnr_ssim import psnr_y
from keras_secn.models.bicubic_start import start_as_interpolation
from keras_secn.models.edsr_trunk import build_network
from keras_secn.models.secn import build_ct_secn, build_secn
from keras_secn.models.srresnet import build_srresnet
from keras_secn.utils.errors import UserError


def silenced(model):
    """Without what the random weights add, only the interpolation is left."""
    for name, rows in (("body", slice(None)), ("tail", slice(3, None))):
        kernel, bias = model.get_layer(name).get_weights()
        kernel[:, :, rows] = 0
        model.get_layer(name).set_weights([kernel, bias])
    if model.name == "srresnet":
        norm = model.get_layer("body_norm")
        assert np.all(np.asarray(norm.gamma)[:3] == 0)
        norm.gamma.assign(0 * norm.gamma)
    return model


@pytest.mark.parametrize("build", [build_secn, build_srresnet])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_starts_near_bicubic(scale, build):
    keras.utils.set_random_seed(0)
    hr = noise((24 * scale, 20 * scale), 5)
    lr = imresize(hr, scale=1 / scale)
    model = silenced(start_as_interpolation(build(scale=scale, blocks=2, filters=8)))
    picture = np.clip(np.asarray(model(lr[None].astype("float32")))[0], 0, 255)
    # three of the kernel's four or five taps: near to it, not equal
    assert psnr_y(picture, imresize(lr, scale=scale), 3 * scale) > 35


def test_a_flat_picture_stays_flat():
    model = silenced(start_as_interpolation(build_secn(blocks=1, filters=4)))
    flat = np.full((1, 8, 9, 3), (20.0, 130.0, 250.0), "float32")
    inner = np.asarray(model(flat))[0, 4:-4, 4:-4]
    np.testing.assert_allclose(inner, np.broadcast_to((20.0, 130.0, 250.0), inner.shape), atol=1e-2)


def test_nothing_is_added():
    model = build_ct_secn(n=16)
    before = model.count_params()
    assert start_as_interpolation(model).count_params() == before == 351_043


def test_every_block_still_learns():
    keras.utils.set_random_seed(0)
    model = start_as_interpolation(build_network(["se", "separable"], filters=8))
    old = [np.array(weight) for weight in model.get_layer("block_0").trainable_variables]
    model.compile("sgd", "mae")
    model.fit(np.full((2, 8, 8, 3), 90.0), np.full((2, 16, 16, 3), 120.0), verbose=0)
    new = model.get_layer("block_0").trainable_variables
    assert any(not np.array_equal(a, b) for a, b in zip(old, new, strict=True))


def test_what_cannot_start_is_named():
    with pytest.raises(UserError, match="3 filters"):
        start_as_interpolation(build_secn(blocks=1, filters=2))
    plain = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(3, 3)])
    with pytest.raises(UserError, match="no head"):
        start_as_interpolation(plain)
