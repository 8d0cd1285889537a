"""A network whose `.keras` file nests all kinds of descriptions, and ways to change them."""

import json
import zipfile

import keras
import pytest

from keras_secn.presets.keras_file import load_checked
from keras_secn.utils.errors import UserError

REFUSAL = "none of what a network may be made of"


@keras.saving.register_keras_serializable("callers")
class Around(keras.layers.Layer):
    """A program's own layer that holds another one."""

    def __init__(self, layer, **kwargs):
        super().__init__(**kwargs)
        self.layer = layer

    def call(self, inputs):
        return self.layer(inputs)

    def get_config(self):
        return {**super().get_config(), "layer": keras.saving.serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config.pop("layer")), **config)


@keras.saving.register_keras_serializable("callers")
class Lambda(keras.layers.Layer):
    """A program's own layer of the same name as Keras' that runs code."""

    def call(self, inputs):
        return inputs


def network():
    """A network of each kind of nesting, that enlarges twice."""
    inputs = keras.Input((None, None, 3), name="input")
    x = keras.layers.Conv2D(12, 3, padding="same", activation="relu", name="conv")(inputs)
    inner = keras.Input((None, None, 12))
    inner = keras.Model(inner, keras.layers.Activation("relu", name="deep")(inner), name="inner")
    inner.compile("adam", "mean_squared_error")  # so a description holds two compilations
    x = keras.Sequential([keras.Input((None, None, 12)), inner], name="sequential")(x)
    x = Around(keras.layers.Conv2D(12, 1, name="within"), name="around")(x)
    x = keras.layers.Activation("relu", name="act")(x)
    outputs = keras.layers.Conv2D(3, 3, padding="same", name="tail")(
        keras.layers.UpSampling2D(2, name="up")(x)
    )
    model = keras.Model(inputs, outputs)
    model.compile("adam", "mean_squared_error")
    return model


def rewritten(file, path, change):
    """`file` with another description, written to `path`."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    description = json.loads(members["config.json"])
    change(description)
    members["config.json"] = json.dumps(description).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def layer(part, name):
    """A layer's description, at whatever depth."""
    if isinstance(part, dict):
        config = part.get("config")
        if "class_name" in part and isinstance(config, dict) and config.get("name") == name:
            return part
        part = list(part.values())
    found = (layer(value, name) for value in part) if isinstance(part, list) else ()
    return next((value for value in found if value), None)


def function(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def instance(module, name, config=None):
    config = {} if config is None else config
    return {"module": module, "class_name": name, "config": config, "registered_name": None}


def state(folder):
    return (
        keras.config.floatx(),
        keras.config.epsilon(),
        keras.config.image_data_format(),
        keras.config.dtype_policy().name,
        keras.config.is_traceback_filtering_enabled(),
        keras.config.is_interactive_logging_enabled(),
        sorted(path.name for path in folder.rglob("*") if path.name == "marker"),
    )


def refusal(path, **options):
    with pytest.raises(UserError) as error:
        load_checked(path, **options)
    assert "\n" not in str(error.value) and str(path) in str(error.value)
    return str(error.value)
