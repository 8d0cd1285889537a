"""A training that is cut off goes on to the same numbers, and its checkpoints are the network's."""

import signal

import keras
import numpy as np
import pytest
from processes import weights

from keras_secn.models.drcn import build_drcn
from keras_secn.models.secn import build_ct_secn
from keras_secn.models.srresnet import build_srresnet
from keras_secn.training.recipe import Recipe
from keras_secn.training.trainer import train
from keras_secn.utils.errors import Stopped

NETWORKS = {
    "fused": lambda: build_ct_secn(n=1, blocks=2, filters=4),
    "supervised": lambda: build_drcn(recursions=2, filters=4),
    "batch_statistics": lambda: build_srresnet(blocks=1, filters=4),
}
RECIPE = Recipe(6, interval=3, batch_size=2, hr_patch=16, ema=0.9)


class StopAt:
    """In place of a progress bar: asks for a stop after some steps."""

    def __init__(self, step):
        self.step = step

    def skip(self, steps):
        pass

    def say(self, text):
        pass

    def __call__(self, name):
        step = self.step

        class Signal(keras.callbacks.Callback):
            def on_train_batch_begin(self, batch, logs=None):
                if batch == step:
                    signal.raise_signal(signal.SIGTERM)

        return Signal()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_stopped_training_ends_with_the_same_numbers(name, build_cache, tmp_path):
    build, cache = NETWORKS[name], build_cache(min_hr=16)

    def trained(folder, **options):
        return train(build, RECIPE, cache, tmp_path / folder, **options)

    whole = trained("whole")
    # in the second step of the first interval
    with pytest.raises(Stopped):
        trained("cut", bar=StopAt(1))
    checkpoint = keras.saving.load_model(tmp_path / "cut" / "checkpoint.keras")
    assert [layer.name for layer in checkpoint.layers] == [layer.name for layer in build().layers]
    assert int(checkpoint.optimizer.iterations) == 2
    moments = [np.abs(np.asarray(v)).sum() for v in checkpoint.optimizer.variables[2:]]
    assert all(np.isfinite(moments)) and sum(moments) > 0
    cut = trained("cut")
    for one, other in zip(whole.get_weights(), cut.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    one, other = (weights(tmp_path / run / "checkpoint.keras") for run in ("whole", "cut"))
    assert one.keys() == other.keys()
    for key in one:
        np.testing.assert_array_equal(one[key], other[key], err_msg=key)
