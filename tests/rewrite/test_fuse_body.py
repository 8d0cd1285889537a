"""The fused body computes what the network's own does, at every edge."""

import keras
import numpy as np
import pytest
from pictures import noise

from keras_secn.models.mobile import build_edsr_mobile
from keras_secn.models.secn import build_ct_secn, build_secn
from keras_secn.rewrite.fuse_body import fuse_body


@pytest.mark.parametrize("scale", [2, 3])
def test_fused_body_changes_nothing_at_any_edge(scale):
    keras.utils.set_random_seed(2)
    network = build_ct_secn(n=1, scale=scale, blocks=2, filters=6)
    for weight in network.weights:
        weight.assign(keras.random.normal(weight.shape, 0, 0.2, seed=weight.shape[0]))
    fused = fuse_body(network)
    names = [layer.name for layer in fused.layers]
    assert "beside_pixels" in names and "body" not in names
    for size in [(5, 5), (5, 31), (8, 9), (31, 6), (40, 12)]:
        image = noise(size, 4)[None].astype(np.float32)
        expected = network.predict_on_batch(image)
        result = fused.predict_on_batch(image)
        np.testing.assert_allclose(result, expected, atol=1e-5 * np.abs(expected).max())


def test_what_ends_otherwise_keeps_its_body():
    two_upsamplers = build_secn(scale=4, blocks=1, filters=4)
    assert "body" in [layer.name for layer in fuse_body(two_upsamplers).layers]
    mobile = build_edsr_mobile(filters=4, blocks=1)
    assert fuse_body(mobile) is mobile
