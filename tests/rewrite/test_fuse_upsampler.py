"""The fused upsampler computes what the network's own does, at all sizes."""

import keras
import numpy as np
import pytest
from arrays import noise

from keras_secn import models
from keras_secn.rewrite.fuse_upsampler import fuse_upsampler


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_fused_upsampler_changes_nothing(scale):
    keras.utils.set_random_seed(2)
    model = models.build_edsr(scale=scale, blocks=1, filters=6)
    for weight in model.weights:
        weight.assign(keras.random.normal(weight.shape, 0, 0.2, seed=weight.shape[0]))
    fused = fuse_upsampler(model)
    assert fused is not model
    for size in [(1, 1), (1, 5), (2, 2), (2, 9), (3, 3), (3, 8), (4, 3), (6, 6), (7, 31), (40, 12)]:
        if scale == 4 and min(size) < 3:
            continue
        image = noise(1, *size, 3, seed=4).astype(np.float32)
        expected = model.predict_on_batch(image)
        result = fused.predict_on_batch(image)
        np.testing.assert_allclose(result, expected, atol=1e-5 * np.abs(expected).max())


def test_only_linear_ends_are_fused():
    for model in (models.build_srcnn(), models.build_srresnet(blocks=1, filters=4)):
        assert fuse_upsampler(model) is model
