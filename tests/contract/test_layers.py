"""One contract for all layers: saved, described, of any size, in any precision, trainable."""

import keras
import numpy as np
import pytest
from cases import LAYERS, pictures, silent_weights

from keras_secn import layers, models

every_layer = pytest.mark.parametrize("case", LAYERS, ids=str)


def inputs_of(case, height, width):
    made = [pictures(height, width, channels=c, seed=c) / 255 for c in case.channels]
    return made if len(made) > 1 else made[0]


def network(case, **options):
    """The layer alone, as a network."""
    inputs = [keras.Input((None, None, channels)) for channels in case.channels]
    inputs = inputs if len(inputs) > 1 else inputs[0]
    return keras.Model(inputs, case.build(**options)(inputs))


def test_every_layer_is_listed():
    # those of networks that are no factories stand with their network
    rooms = (layers.__name__, models.__name__)
    made = {
        found.__name__
        for found in keras.saving.get_custom_objects().values()
        if isinstance(found, type)
        and issubclass(found, keras.layers.Layer)
        and found.__module__.startswith(rooms)
    }
    assert made == {case.name for case in LAYERS}


@every_layer
def test_config_round_trip(case):
    layer = case.build(name="its_name", dtype="mixed_bfloat16")
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert again.name == "its_name" and again.dtype_policy.name == "mixed_bfloat16"
    for option, value in case.options.items():
        if option != "activation":
            assert getattr(again, option) == value


@every_layer
def test_saved_and_loaded_layer_is_the_same(case, tmp_path):
    model = network(case)
    model.save(tmp_path / "layer.keras")
    loaded = keras.saving.load_model(tmp_path / "layer.keras")
    inputs = inputs_of(case, 6, 9)
    np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(m(inputs)) for m in (model, loaded)))


@every_layer
def test_output_shape_is_the_computed_one(case):
    model = network(case)
    (layer,) = (layer for layer in model.layers if layer.__class__.__name__ == case.name)
    for height, width in [(1, 1), (5, 8), (13, 7)]:
        inputs = inputs_of(case, height, width)
        outputs = layer(inputs)
        shapes = [x.shape for x in inputs] if isinstance(inputs, list) else inputs.shape
        assert tuple(layer.compute_output_shape(shapes)) == tuple(outputs.shape)
        # of any size, or of the one size that there is
        for side, expected in zip(model.output.shape, outputs.shape, strict=True):
            assert side in (None, expected)


@every_layer
def test_bfloat16_follows_float32(case):
    exact, rough = network(case), network(case, dtype="mixed_bfloat16")
    rough.set_weights(exact.get_weights())
    inputs = inputs_of(case, 6, 9)
    outputs = rough(inputs)
    assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"
    assert {w.dtype for w in rough.trainable_variables} <= {"float32"}
    outputs = keras.ops.convert_to_numpy(keras.ops.cast(outputs, "float32"))
    expected = keras.ops.convert_to_numpy(exact(inputs))
    if case.name == "AnchoredRegression":  # which of two near anchors is picked may differ
        same = np.isclose(outputs, expected, atol=0.05).all(axis=-1)
        assert same.mean() > 0.8
    else:
        assert np.abs(outputs - expected).max() <= 0.03 * max(1, np.abs(expected).max())


@every_layer
def test_gradients_reach_every_weight(case):
    model = network(case)
    if model.trainable_variables:
        silent = silent_weights(model, inputs_of(case, 6, 9))
        assert not [path for path in silent if not path.endswith(case.without_gradient or ("?",))]
