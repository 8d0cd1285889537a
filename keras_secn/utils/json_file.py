"""JSON files, written whole and checked when they are read."""

import json
import pathlib

from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError

LIMIT = 1 << 24  # bytes; the history of 100,000 intervals has 15 MB


def parse_object(content, name):
    """The dictionary that JSON text holds; a `UserError` that names its file if it holds none."""
    if len(content) > LIMIT:
        raise UserError(f"{name} is damaged: {len(content):,} bytes are too many")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{name} is damaged: {error}") from None
    if not isinstance(found, dict):
        raise UserError(f"{name} is damaged: it holds no names with values")
    return found


def read_object(path):
    """The dictionary in a JSON file; see `parse_object`."""
    with open(pathlib.Path(path), "rb") as file:
        return parse_object(file.read(LIMIT + 1), path)


def write_json(value, path):
    """Writes a value, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(f"{json.dumps(value, indent=1)}\n", encoding="utf-8")
