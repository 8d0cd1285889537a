"""`.keras` files read as what they should be: numbers and a description, never code.

Keras' safe mode refuses pickled functions, and its reader refuses weights that point outside their
file. What is checked here comes before it: that the archive holds nothing else, and that its
description names nothing that runs code or opens files, whatever Keras' global switches say.
"""

import json
import pathlib
import zipfile

import keras

from keras_secn import models as models

# they register the layers that networks are made of, and what checkpoints are compiled with
from keras_secn.utils.errors import UserError

STATE = "training.json"  # ours, in checkpoints: see keras_secn.training.checkpoint
MEMBERS = {"metadata.json", "config.json", "model.weights.h5", STATE}
MAX_DESCRIPTION = 1 << 24  # bytes; SECN's is 60 KB
MAX_WEIGHTS = 1 << 33  # bytes; EDSR's largest, optimizer and average included, is 650 MB
MAX_EXPANSION = 10  # Keras stores; whoever compressed the file again got less than 2

# Keras' layers that call Python, foreign graphs or files by name; none has a place in an image
# network. Classes from outside Keras are only found where the caller has registered them.
REFUSED = {
    "Lambda",
    "__lambda__",
    "TFSMLayer",
    "TorchModuleWrapper",
    "JaxLayer",
    "FlaxLayer",
    "StringLookup",
    "IntegerLookup",
    "TextVectorization",
}


def load_checked(path):
    """Loads a `.keras` file.

    Raises:
        UserError: no such file, or it is damaged, not a Keras model, or not safe to load.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise UserError(f"no such file: {path}")
    try:
        _check(path)
        return keras.saving.load_model(path, safe_mode=True)
    except Exception as error:
        lines = str(error).strip().splitlines()
        reason = lines[0] if lines else type(error).__name__
        raise UserError(f"{path} cannot be loaded as a Keras model: {reason}") from error


def _check(path):
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
        _check_description(json.loads(archive.read("config.json")))


def _check_description(part):
    if isinstance(part, dict):
        name = part.get("class_name")
        if name in REFUSED or part.get("module") == "builtins" and name != "function":
            raise ValueError(f"{name} can run code or open files")
        part = list(part.values())
    if isinstance(part, list):
        for value in part:
            _check_description(value)
