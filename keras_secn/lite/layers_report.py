"""Quantization error of each tensor of an integer file, against the float file."""

import re
from typing import Any

import numpy as np

from keras_secn.lite.interpreter import open_tensors


def layer_report(quantized: bytes, reference: bytes, picture: np.ndarray) -> list[dict[str, Any]]:
    """Compares the tensors of two files made from one network, operator by operator.

    Errors accumulate from the input to the output.

    Args:
        quantized, reference: bytes of the two `.tflite` files; tensors are matched by name.
        picture: uint8 LR picture.

    Returns:
        A list of dictionaries in order of execution: `operator`, `tensor`, `sqnr` (signal to
        quantization noise in dB), `step` (of the integer grid), `range` (of the float values).
    """
    exact = {row["tensor"]: row["values"] for row in _tensors(reference, picture)}
    rows = []
    for row in _tensors(quantized, picture):
        signal = exact.get(row["tensor"])
        if signal is None or signal.shape != row["values"].shape:
            continue
        noise = row["values"] - signal
        sqnr = 10 * np.log10(max(signal.var(), 1e-20) / max(np.mean(noise**2), 1e-20))
        rows.append(
            {
                "operator": row["operator"],
                "tensor": row["tensor"],
                "sqnr": float(sqnr),
                "step": row["step"],
                "range": [float(signal.min()), float(signal.max())],
            }
        )
    return rows


def _tensors(content, picture):
    interpreter = open_tensors(content)
    detail = interpreter.get_input_details()[0]
    interpreter.resize_tensor_input(detail["index"], (1, *picture.shape))
    interpreter.allocate_tensors()
    interpreter.set_tensor(detail["index"], picture[None].astype(detail["dtype"]))
    interpreter.invoke()
    details = {detail["index"]: detail for detail in interpreter.get_tensor_details()}
    rows = []
    for op in interpreter._get_ops_details():
        for index in op["outputs"]:
            detail = details[index]
            values = np.asarray(interpreter.get_tensor(index), np.float32)
            step, zero = detail["quantization"]
            if step:
                values = (values - zero) * step
            name = re.sub(r"^.*?/(?=[^/]*/)|;.*$", "", detail["name"])
            rows.append(
                {"operator": op["op_name"], "tensor": name, "values": values, "step": float(step)}
            )
    return rows
