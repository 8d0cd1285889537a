"""Presets: weights and model card by name, offline, verified by SHA-256.

A preset is two files: `NAME.json`, the card, and `NAME.npz`, the weights (most in float16). Those
for use lie in the package, those for comparisons in the repository's `training/weights/`.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.resources
import io
import os
import pathlib
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError
from keras_secn.utils.json_file import read_object, write_json

if TYPE_CHECKING:
    import keras

FOLDER = pathlib.Path(str(importlib.resources.files(__package__) / "weights"))


def folders() -> list[pathlib.Path]:
    """Folders of presets: the package's, and in a checkout the one of comparison networks."""
    comparison = FOLDER.parents[2] / "training" / "weights"
    return [FOLDER, comparison] if comparison.is_dir() else [FOLDER]


def file_of(name: str, end: str) -> pathlib.Path:
    """The path of a preset's file; in the package's folder if there is none."""
    places = [folder / f"{name}{end}" for folder in folders()]
    return next((place for place in places if place.is_file()), places[0])


def list_presets() -> list[str]:
    """Names of all presets, sorted; `preset_card` tells what each one is."""
    return sorted({path.stem for folder in folders() for path in folder.glob("*.json")})


def preset_card(name: str) -> dict[str, Any]:
    """The card of a preset: a dictionary.

    Keys: `name`, `factory` and `arguments` (what builds the network), `parameters`,
    `multiply_adds`, `scale`, `dtype`, `sha256` (of the weights' file), `scores` by folder,
    `training` (data and licenses, command, steps, seed, ...) and `date`.

    Raises:
        UserError: no such preset, or its card is damaged.
    """
    path = file_of(name, ".json")
    if name not in list_presets():
        raise UserError(f"unknown preset {name!r}{_meant(name)}")
    card = read_object(path)
    kinds = {"factory": str, "arguments": dict, "sha256": str, "scale": int, "parameters": int}
    for key, kind in kinds.items():
        if not isinstance(card.get(key), kind):
            raise UserError(f"{path} is damaged: its {key} is missing or of another kind")
    if not all(isinstance(card.get(key, {}), dict) for key in ("scores", "training")):
        raise UserError(f"{path} is damaged: its scores or its training are of another kind")
    return card


def _meant(name):
    known = list_presets()
    if pathlib.PurePath(name).suffix:
        return "; a network's file ends in .keras, or in .tflite to enlarge with"
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known) or 'none'}"


def load_preset(name: str) -> keras.Model:
    """Builds a preset's network and loads its trained weights.

    Args:
        name: one of `list_presets()`.

    Returns:
        A functional `keras.Model`: (B, H, W, 3) RGB in 0..255 to the enlarged picture, float32.

    Raises:
        UserError: no such preset, or its files are damaged.
    """
    card = preset_card(name)
    from keras_secn import models  # Keras takes seconds to load, and listing does without

    path = file_of(name, ".npz")
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != card["sha256"]:
        raise UserError(f"{path} is missing or damaged (SHA-256 differs); install keras-secn again")
    try:
        if not card["factory"].startswith("build_"):
            raise ValueError("no factory of networks")
        model = getattr(models, card["factory"])(**card["arguments"], name=name)
        unpack_weights(model, content)
    except Exception as error:
        # parsers of zip files and arrays raise zlib.error, EOFError, ...
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{path} does not fit {card['factory']}: {reason}") from None
    return model


def pack_weights(model, dtype="float16"):
    """The bytes of an `.npz` file of a model's weights, stored as `dtype`, without timestamps."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for weight in model.weights:
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.asarray(weight, dtype), allow_pickle=False)
            info = zipfile.ZipInfo(f"{weight.path}.npy")
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, entry.getvalue())
    return buffer.getvalue()


def unpack_weights(model, content):
    """Gives a model the weights that `pack_weights` stored; fails if they are another network's."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        if len(stored.files) != len(model.weights):
            raise ValueError(f"{len(stored.files)} weights stored, {len(model.weights)} needed")
        for weight in model.weights:
            weight.assign(stored[weight.path].astype("float32"))


def write_preset(
    name: str,
    model: keras.Model,
    card: dict[str, Any],
    dtype: str = "float16",
    folder: str | os.PathLike[str] | None = None,
) -> None:
    """Writes a preset's weights and card.

    Args:
        name: of the preset.
        model: the trained network.
        card: see `preset_card`; `name`, `parameters`, `scale`, `dtype` and `sha256` are added.
        dtype: "float16" or "float32".
        folder: in place of the package's own.

    Raises:
        OSError: the folder cannot be written.
    """
    from keras_secn.models.edsr_trunk import scale_of

    folder = FOLDER if folder is None else pathlib.Path(folder)
    content = pack_weights(model, dtype)
    card = {
        "name": name,
        "parameters": model.count_params(),
        "scale": scale_of(model),
        "dtype": dtype,
        "sha256": hashlib.sha256(content).hexdigest(),
        **card,
    }
    with atomic_path(folder / f"{name}.npz") as path:
        path.write_bytes(content)
    write_json(card, folder / f"{name}.json")
