"""Describes a `.tflite` file: its metadata, tensors and operators."""

import os
from typing import Any

import numpy as np

from keras_secn.lite.delegates import SUPPORTED, refused
from keras_secn.lite.metadata import info
from keras_secn.lite.runtime import Runtime, load_bytes
from keras_secn.utils.errors import UserError


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What `keras-secn info` prints.

    What `info` gives, and behind it, so that nothing in the file can stand in their place:
    `file`, `bytes`, `inputs` and `outputs` (tensors: `name`, `shape` with -1 for any length,
    `dtype`, `scale` and `zero_point`; a scale of 0 means that values are not quantized),
    `signatures`, `operators` with their numbers, and `refused`: by delegate, what it does not take
    (see `keras_secn.lite.refused`). A file that LiteRT cannot load is a `UserError`.
    """
    content = load_bytes(path)
    interpreter = Runtime(path, content).open()
    try:
        names = [str(operator["op_name"]) for operator in interpreter._get_ops_details()]
        signatures = interpreter.get_signature_list()
        inputs = [_tensor(detail) for detail in interpreter.get_input_details()]
        outputs = [_tensor(detail) for detail in interpreter.get_output_details()]
    except (RuntimeError, ValueError, IndexError, UnicodeError):
        raise UserError(f"{path}: damaged LiteRT file") from None
    return {
        **info(path),
        "file": str(path),
        "bytes": len(content),
        "inputs": inputs,
        "outputs": outputs,
        "signatures": signatures,
        "operators": {name: names.count(name) for name in sorted(set(names))},
        "refused": {delegate: refused(path, delegate) for delegate in SUPPORTED},
    }


def _tensor(detail):
    scale, zero_point = detail["quantization"]
    return {
        "name": detail["name"],
        "shape": [int(length) for length in detail["shape_signature"]],
        "dtype": np.dtype(detail["dtype"]).name,
        "scale": float(scale),
        "zero_point": int(zero_point),
    }
