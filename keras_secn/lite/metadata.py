"""What a `.tflite` file says about itself: a JSON buffer, written at export and read by anyone."""

import json
import os
import pathlib
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from keras_secn.lite import flatbuffer
from keras_secn.utils.errors import UserError

NAME = "keras_secn"


def add(content, facts):
    """The bytes of a `.tflite` file with `facts` (a dictionary) in a metadata buffer."""
    model = flatbuffer.unpack(content)
    buffer = schema.BufferT()
    buffer.data = list(json.dumps(facts).encode())
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name = NAME
    entry.buffer = len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]
    return flatbuffer.pack(model)


def read(content):
    """The facts that `add` wrote into a file's bytes, or `{}` for a file from elsewhere."""
    model = schema.Model.GetRootAsModel(content, 0)
    for index in range(model.MetadataLength()):
        entry = model.Metadata(index)
        if entry.Name() == NAME.encode():
            return json.loads(model.Buffers(entry.Buffer()).DataAsNumpy().tobytes())
    return {}


def load_bytes(path):
    """The bytes of a `.tflite` file.

    Raises:
        UserError: no such file, or it is not a LiteRT flatbuffer.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise UserError(f"no such file: {path}")
    content = path.read_bytes()
    if content[4:8] != flatbuffer.IDENTIFIER:
        raise UserError(f"{path}: not a LiteRT (.tflite) file")
    return content


def info(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What an exported file says of itself.

    Returns:
        A dictionary: `name`, `scale`, `quantization`, `layout` ("NHWC"), `colour` ("RGB"),
        `value_range` ([0, 255]), `io` ("uint8" or "float"), `shape`, `check` (the comparison with
        Keras at export); empty for a file that this library did not write.

    Raises:
        UserError: as `load_bytes`.
    """
    try:
        return read(load_bytes(path))
    except UserError:
        raise
    except Exception:
        # a torn flatbuffer fails wherever its first wrong offset leads
        raise UserError(f"{path}: damaged LiteRT file") from None
