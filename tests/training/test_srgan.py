"""SRGAN: both networks move, a run goes on exactly, unknown features are named."""

import keras
import numpy as np
import pytest
import srgan
from small_runs import PROBE, recipe, validate

from keras_secn.data.patches import PatchDataset
from keras_secn.models.srresnet import build_discriminator, build_srresnet
from keras_secn.utils.errors import UserError


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
