"""Metadata of a `.tflite` file: a JSON buffer, written at export and checked when it is read."""

import dataclasses
import json
import os
from typing import Any

from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from keras_secn.lite.runtime import load_bytes
from keras_secn.utils.errors import UserError

NAME = "keras_secn"
SCALES = range(2, 9)
SIDES = range(1, 4097)  # LR pixels of a file of one size
RADII = range(0, 513)
LARGEST = 1e9  # of any number
LONGEST = 200  # characters of a text
TEXTS = ("name", "quantization", "layout", "colour", "io")


@dataclasses.dataclass(frozen=True)
class Tiles:
    """What exact tiles need: the receptive field's radius in LR pixels, and if there are gates."""

    radius: int
    gated: bool


@dataclasses.dataclass(frozen=True)
class FileFacts:
    """The checked metadata of a file made by this library; see `info`."""

    name: str
    scale: int
    quantization: str
    layout: str
    colour: str
    io: str
    value_range: list[float]
    shape: str | list[int]
    check: dict[str, float]
    tiles: Tiles | None = None

    def to_dict(self):
        return {key: value for key, value in dataclasses.asdict(self).items() if value is not None}


def checked(facts: Any) -> FileFacts:
    """The record of what a file's JSON says; a `UserError` if a fact is missing or untrue."""
    if not isinstance(facts, dict):
        raise UserError("its metadata are not a table of facts")
    known = {field.name: facts.get(field.name) for field in dataclasses.fields(FileFacts)}
    for key in TEXTS:
        _require(_is_text(known[key]), key, "is not a printable text")
    _require(known["io"] in ("uint8", "float"), "io", "is neither uint8 nor float")
    _require(_is_whole(known["scale"], SCALES), "scale", f"is not a whole number {_span(SCALES)}")
    _require(_are_numbers(known["value_range"], 2), "value_range", "is not two numbers")
    shape, check, tiles = known["shape"], known["check"], known["tiles"]
    sides = isinstance(shape, list) and len(shape) == 2 and all(_is_whole(s, SIDES) for s in shape)
    _require(shape == "dynamic" or sides, "shape", "is neither dynamic nor two sides")
    check = {} if check is None else check
    numbers = isinstance(check, dict) and _are_numbers(list(check.values()), len(check))
    _require(numbers and all(map(_is_text, check)), "check", "does not hold numbers by name")
    if tiles is not None:
        _require(isinstance(tiles, dict), "tiles", "is not a table of facts")
        radius, gated = tiles.get("radius"), tiles.get("gated")
        _require(_is_whole(radius, RADII), "radius", f"is not a whole number {_span(RADII)}")
        _require(isinstance(gated, bool), "gated", "is neither true nor false")
        tiles = Tiles(radius, gated)
    return FileFacts(**{**known, "check": check, "tiles": tiles})


def _require(fits, key, reason):
    if not fits:
        raise UserError(f"{key} in its metadata {reason}")


def _is_text(value):
    return isinstance(value, str) and len(value) <= LONGEST and value.isprintable()


def _is_whole(value, span):
    return type(value) is int and value in span


def _are_numbers(values, count):
    if not isinstance(values, list) or len(values) != count:
        return False
    # NaN and infinity fail as well
    return all(type(value) in (int, float) and abs(value) < LARGEST for value in values)


def _span(span):
    return f"from {span[0]} to {span[-1]}"


def add(content: bytes, facts: dict[str, Any]) -> bytes:
    """The bytes of a `.tflite` file with facts in a metadata buffer, in place of earlier ones."""
    model = flatbuffer_utils.read_model_from_bytearray(content)
    buffer = schema.BufferT()
    buffer.data = list(json.dumps(checked(facts).to_dict()).encode())
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = NAME, len(model.buffers) - 1
    others = [other for other in model.metadata or [] if other.name not in (NAME, NAME.encode())]
    model.metadata = [*others, entry]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def facts_of(path: str | os.PathLike[str]) -> FileFacts | None:
    """A file's checked metadata, see `info`; `None` if this library did not write it."""
    content = load_bytes(path)
    try:
        text = _read(content)
        facts = None if text is None else json.loads(text)
    except Exception:
        # a torn flatbuffer fails wherever its first wrong offset leads
        raise UserError(f"{path}: damaged LiteRT file") from None
    try:
        return None if text is None else checked(facts)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _read(content):
    model = schema.Model.GetRootAs(content, 0)
    # a damaged vector may claim to be longer than the file
    for index in range(min(model.MetadataLength(), len(content))):
        entry = model.Metadata(index)
        if entry.Name() == NAME.encode():
            return model.Buffers(entry.Buffer()).DataAsNumpy().tobytes()
    return None


def info(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The metadata of an exported file.

    Returns:
        A dictionary: `name`, `scale`, `quantization`, `layout` ("NHWC"), `colour` ("RGB"),
        `value_range` ([0, 255]), `io` ("uint8" or "float"), `shape`, `check` (the comparison with
        Keras at export), `tiles` (of files for `Upscaler`); empty for a file that this library did
        not write.

    Raises:
        UserError: no such file, no LiteRT file, a damaged one, or metadata that cannot be true.
    """
    facts = facts_of(path)
    return {} if facts is None else facts.to_dict()
