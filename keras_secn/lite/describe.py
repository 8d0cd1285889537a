"""Describes a `.tflite` file: its metadata, tensors and operators."""

import os
from typing import Any

from keras_secn.lite.delegates import SUPPORTED, refused
from keras_secn.lite.metadata import info
from keras_secn.lite.runtime import Runtime, load_bytes
from keras_secn.utils.errors import UserError


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What `keras-secn info` prints.

    What `info` gives, and behind it, so that nothing in the file can stand in their place:
    `file`, `bytes`, `signatures`, `operators` with their numbers, and `refused`: by delegate, the
    operators that stay on the CPU. A file that LiteRT cannot load is a `UserError`.
    """
    content = load_bytes(path)
    interpreter = Runtime(path, content).open()
    try:
        names = [str(operator["op_name"]) for operator in interpreter._get_ops_details()]
        signatures = interpreter.get_signature_list()
    except (RuntimeError, ValueError, IndexError, UnicodeError):
        raise UserError(f"{path}: damaged LiteRT file") from None
    return {
        **info(path),
        "file": str(path),
        "bytes": len(content),
        "signatures": signatures,
        "operators": {name: names.count(name) for name in sorted(set(names))},
        "refused": {delegate: refused(path, delegate) for delegate in SUPPORTED},
    }
