"""Loads `.keras` files safely: what is not on a list of known layers is refused.

Keras' safe mode refuses pickled functions, but `config.json` may name any function that Keras
exports, and Keras calls it. So two things are checked before Keras reads a file: the archive holds
no other files, and every class and function in `config.json` is listed below or registered.
"""

import json
import os
import pathlib
import types
import zipfile

import keras

from keras_secn import models as models  # it registers the layers that networks are made of
from keras_secn.layers.package import PACKAGE
from keras_secn.utils.errors import UserError

STATE = "training.json"  # ours, in checkpoints: see keras_secn.training.checkpoint
MEMBERS = {"metadata.json", "config.json", "model.weights.h5", STATE}
MAX_DESCRIPTION = 1 << 24  # bytes; SECN's is 60 KB
MAX_WEIGHTS = 1 << 33  # bytes; EDSR's largest, optimizer and average included, is 650 MB
MAX_EXPANSION = 10  # uncompressed / compressed size; of weights it is less than 2

# what networks, and the optimizers of checkpoints, are made of, by the names that Keras writes
LAYERS = """Activation Add BatchNormalization Concatenate Conv2D Conv2DTranspose Dense
    DepthwiseConv2D Flatten GlobalAveragePooling2D InputLayer LeakyReLU PReLU ReLU Rescaling
    UpSampling2D"""
ACTIVATIONS = """elu exponential gelu hard_sigmoid hard_silu hard_tanh leaky_relu linear mish relu
    relu6 selu sigmoid silu softmax softplus softsign tanh"""
CLASSES = {
    "keras": {"DTypePolicy", "Sequential"},
    "keras.src.models.functional": {"Functional"},
    "keras.layers": LAYERS.split(),
    "keras.initializers": {"Constant", "GlorotUniform", "HeNormal", "Ones", "Zeros"},
    "keras.optimizers": {"Adam", "LossScaleOptimizer", "SGD"},
    "keras.optimizers.schedules": {"CosineDecay", "ExponentialDecay"},
}


def load_checked(path: str | os.PathLike[str], compile: bool = False) -> keras.Model:
    """Loads a `.keras` file.

    Args:
        path: the file.
        compile: loads the optimizer and losses, too, as of a checkpoint; import
            `keras_secn.training.checkpoint` before, which registers them.

    Returns:
        The Keras network.

    Raises:
        UserError: no such file, or it is damaged, not a Keras model, or not safe to load.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise UserError(f"no such file: {path}")
    try:
        _check(path, compile)
        model = keras.saving.load_model(path, compile=compile, safe_mode=True)
        if not isinstance(model, keras.Model):
            raise ValueError("it holds no network")
        return model
    except Exception as error:
        lines = str(error).strip().splitlines()
        reason = lines[0] if lines else type(error).__name__
        raise UserError(f"{path} cannot be loaded as a Keras model: {reason}") from error


def _check(path, compile):
    if path.suffix != ".keras":  # Keras would read HDF5 files with other, older rules
        raise ValueError("its name does not end in .keras")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if not set(names) <= MEMBERS or len(set(names)) < len(names):
            strange = next((name for name in names if name not in MEMBERS), "a name twice")
            raise ValueError(f"the archive holds {strange!r}")
        for info in archive.infolist():
            limit = MAX_WEIGHTS if info.filename.endswith(".h5") else MAX_DESCRIPTION
            if info.file_size > min(limit, MAX_EXPANSION * info.compress_size + 1024):
                raise ValueError(f"{info.filename} would be {info.file_size} bytes large")
        description = json.loads(archive.read("config.json"))
    if not compile and isinstance(description, dict):
        # Keras does not read this one, but those of nested networks
        description.pop("compile_config", None)
    _check_description(description)


def _check_description(part):
    """Refuses a description that names, at any depth, a class or function not allowed."""
    if isinstance(part, list):
        for value in part:
            _check_description(value)
    elif isinstance(part, dict):
        if "class_name" in part:
            _check_object(part)
        for key, value in part.items():
            if key == "inbound_nodes":
                _check_calls(value)
            else:
                _check_description(value)


def _check_object(part):
    name, module, config = part["class_name"], part.get("module"), part.get("config")
    key = part.get("registered_name", name)  # Keras looks here first, whatever the module is
    registered = keras.saving.get_registered_object(key) if isinstance(key, str) else None
    is_class = isinstance(registered, type) and registered.__name__ == name
    if not isinstance(name, str) or not isinstance(part.get("module", 0), str | None):
        known = False  # without a module, Keras follows older rules
    elif name == "function":
        known = module is not None and _is_known_function(part)
    elif module is None:  # `__main__`: a class of the running program or notebook itself
        known = is_class and registered.__module__ == "__main__"
    elif registered is not None:
        known = is_class
    else:
        known = name in CLASSES.get(module, ()) and key in (None, name)
    if not known:
        _refuse(config if name == "function" else f"{module}.{name}")
    if name == "Sequential" and not _are_objects(config):
        _refuse("a layer without a description")  # Keras would create it by its name


def _is_known_function(part):
    name = part.get("config")
    if not isinstance(name, str) or part.get("registered_name") not in (None, "function", name):
        return False
    if name in ACTIVATIONS.split():
        return part["module"] in ("builtins", "keras.activations")
    function = keras.saving.get_registered_object(name)
    ours = name.startswith(f"{PACKAGE}>") and isinstance(function, types.FunctionType)
    return ours and part["module"] == "builtins"


def _are_objects(config):
    layers = config.get("layers") if isinstance(config, dict) else None
    return isinstance(layers, list) and all(
        isinstance(layer, dict) and "class_name" in layer for layer in layers
    )


def _check_calls(calls):
    """Refuses calls of a layer with anything but tensors and numbers."""
    if not isinstance(calls, list):
        _refuse("calls of another form")
    for call in calls:
        match call:
            case {"args": list(args), "kwargs": dict(kwargs)} if len(call) == 2:
                if "class_name" in kwargs:
                    _refuse("a call of another form")
                _check_argument([*args, *kwargs.values()])
            case _:
                _refuse("a call of another form")


def _check_argument(value):
    if isinstance(value, list):
        for item in value:
            _check_argument(item)
    elif not (value is None or isinstance(value, int | float) or _is_tensor(value)):
        _refuse(f"a call with {value!r}")


def _is_tensor(value):
    """Whether a value is the output of a layer: no more than Keras writes of it."""
    match value:
        case {
            "class_name": "__keras_tensor__",
            "config": {
                "shape": list(shape),
                "dtype": str(),
                "keras_history": [str(), int(), int()],
            } as config,
        }:
            sides = all(side is None or isinstance(side, int) for side in shape)
            return sides and len(value) == 2 and len(config) == 3
    return False


def _refuse(what):
    raise ValueError(f"{str(what)[:80]!r} is none of what a network may be made of")
