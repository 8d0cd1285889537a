"""What tests of LiteRT files share: a tiny network, and pictures to calibrate by."""

import pytest
from pictures import noise


@pytest.fixture(scope="module")
def model():
    import keras

    from keras_secn.models.secn import build_ct_secn

    keras.utils.set_random_seed(1)
    return build_ct_secn(n=1, blocks=2, filters=8)


@pytest.fixture(scope="module")
def pictures():
    return [noise((64, 64), seed) for seed in range(4)]
