"""What must load: `.keras` files of every system, block, preset and optimizer."""

import keras
import numpy as np
import pytest
from attacks import put
from descriptions import function, refusal, rewritten
from small_runs import RECIPE

from keras_secn import presets
from keras_secn.layers.blocks import BLOCKS
from keras_secn.models import registry
from keras_secn.models.edsr_trunk import build_network
from keras_secn.presets.keras_file import ACTIVATIONS, load_checked
from keras_secn.training.losses import losses_of, supervised
from keras_secn.training.recipe import Recipe
from keras_secn.utils.precision_scope import precision_scope


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("name", registry.SYSTEMS)
def test_every_system_and_its_checkpoint(tmp_path, name, precision):
    system = registry.system(name)
    with precision_scope(precision):
        model = supervised(system.build(**system.small))
    loss, weights = losses_of(model)
    model.compile(RECIPE.optimizer(), loss=loss, loss_weights=weights)
    model.save(tmp_path / "model.keras")
    for compiled in (False, True):
        loaded = load_checked(tmp_path / "model.keras", compile=compiled)
        assert loaded.compiled == compiled
        for a, b in zip(loaded.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", BLOCKS)
def test_every_block(tmp_path, kind):
    build_network([kind], filters=8).save(tmp_path / "model.keras")
    load_checked(tmp_path / "model.keras")


CARDS = {name: presets.preset_card(name) for name in presets.list_presets()}
# one of each factory and scale: others differ in counts of the same layers
KINDS = {(card["factory"], card["scale"]): name for name, card in CARDS.items()}


@pytest.mark.parametrize("name", KINDS.values())
def test_every_kind_of_preset(tmp_path, name):
    presets.load(name).save(tmp_path / "model.keras")
    load_checked(tmp_path / "model.keras")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"schedule": "halving"},
        {"schedule": "constant"},
        {"momentum": 0.9},
        {"momentum": 0.9, "theta": 0.4},
    ],
)
def test_every_optimizer(tmp_path, options):
    model = build_network(["separable"], filters=4)
    model.compile(Recipe(100, **options).optimizer(), loss=losses_of(model)[0])
    model.save(tmp_path / "model.keras")
    loaded = load_checked(tmp_path / "model.keras", compile=True)
    assert loaded.optimizer.get_config() == model.optimizer.get_config()


def test_activations_that_are_functions(honest, tmp_path):
    for name in ACTIVATIONS.split():
        for module in ("builtins", "keras.activations"):
            change = put("conv", "activation", function(module, name))
            path = rewritten(honest, tmp_path / "model.keras", change)
            assert load_checked(path).get_layer("conv").activation.__name__ == name


def test_a_loss_of_ones_own_does_not_matter_for_inference(tmp_path):
    def loss(y_true, y_pred):
        return keras.ops.mean(y_true - y_pred)

    model = build_network(["separable"], filters=4)
    model.compile("adam", loss)
    model.save(tmp_path / "model.keras")
    load_checked(tmp_path / "model.keras")
    refusal(tmp_path / "model.keras", compile=True)
