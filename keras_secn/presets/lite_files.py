"""Presets' `.tflite` files, and their checksums in the cards."""

import hashlib
import pathlib

from keras_secn.presets import store
from keras_secn.utils.errors import UserError
from keras_secn.utils.json_file import write_json

SUFFIXES = {"float32": "", "int8": "_int8"}  # precision -> what follows the preset's name


def preset_file(name: str, precision: str = "float32") -> pathlib.Path:
    """Where a preset's `.tflite` file of a precision, "float32" or "int8", lies, if it has one.

    That is beside its card.
    """
    if precision not in SUFFIXES:
        raise UserError(f"precision must be one of {', '.join(SUFFIXES)}, not {precision!r}")
    return store.file_of(name, ".json").with_name(f"{name}{SUFFIXES[precision]}.tflite")


def is_intact(name: str, path: pathlib.Path) -> bool:
    """Whether a file is the one that the preset's card names: the same SHA-256."""
    files = store.preset_card(name).get("files")
    entry = files.get(path.name) if isinstance(files, dict) else None
    expected = entry.get("sha256") if isinstance(entry, dict) else None
    return hashlib.sha256(path.read_bytes()).hexdigest() == expected


def record(name: str, path: pathlib.Path, **facts) -> None:
    """Writes a file's checksum, size and `facts`, such as `scores`, into its preset's card."""
    content = path.read_bytes()
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), **facts}
    card = store.preset_card(name)
    card["files"] = {**card.get("files", {}), path.name: entry}
    write_json(card, store.file_of(name, ".json"))
