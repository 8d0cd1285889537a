"""What a `.tflite` file says about itself: a JSON buffer, written at export and read by anyone."""

import json
import pathlib

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from ..errors import UserError

NAME = "keras_secn"
IDENTIFIER = b"TFL3"


def add(content, facts):
    """The bytes of a `.tflite` file with `facts` (a dictionary) in a metadata buffer."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    for buffer in model.buffers:
        # ai-edge-quantizer keeps large buffers behind the flatbuffer, which is about to grow
        if buffer.offset > 1:
            end = buffer.offset + buffer.size
            buffer.data = np.frombuffer(content[buffer.offset : end], np.uint8)
            buffer.offset = buffer.size = 0
    buffer = schema.BufferT()
    buffer.data = list(json.dumps(facts).encode())
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name = NAME
    entry.buffer = len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


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
    if content[4:8] != IDENTIFIER:
        raise UserError(f"{path}: not a LiteRT (.tflite) file")
    return content


def info(path):
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
