"""Quantization of the output: its levels are pixel values 0..255."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

# operators whose output has the grid of their input, and those that round to any grid
MOVES = """CONCATENATION DEPTH_TO_SPACE DEQUANTIZE QUANTIZE RESHAPE RESIZE_BILINEAR
    RESIZE_NEAREST_NEIGHBOR"""
CARRIERS = tuple(MOVES.split())
SLICERS = ("SLICE", "STRIDED_SLICE")
ROUNDERS = ("ADD", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MUL", "SUB")


def operator_names(model, graph=0):
    """Names of the operators in one graph of a file's object tree, in order of execution."""
    return [
        flatbuffer_utils.opcode_to_name(model, operator.opcodeIndex)
        for operator in model.subgraphs[graph].operators
    ]


def pin_output(content):
    """Sets the quantization of an integer file's output to a scale of 1 from 0 to 255.

    Calibration would clip pixels brighter than those of its pictures. With this quantization the
    saturation of integers is the clipping. LiteRT reads the output's quantization when it loads the
    file, so that nothing else has to change. Bytes whose last operators cannot round to another
    grid are returned as they are.
    """
    model = flatbuffer_utils.read_model_from_bytearray(content)
    graph = model.subgraphs[0]
    makers = {
        index: (name, operator)
        for name, operator in zip(operator_names(model), graph.operators, strict=True)
        for index in operator.outputs
    }
    left, path, ends = [graph.outputs[0]], {}, set()
    while left:
        index = left.pop()
        if index in path or graph.tensors[index].type == schema.TensorType.INT32:
            continue  # seen before, or where a slice lies
        path[index] = graph.tensors[index]
        name, operator = makers.get(index, (None, None))
        if name in (*CARRIERS, *SLICERS):
            left += list(operator.inputs) if name == "CONCATENATION" else [operator.inputs[0]]
        else:
            ends.add(name)
    if not ends <= set(ROUNDERS):
        return content
    for name, operator in zip(operator_names(model), graph.operators, strict=True):
        if name in SLICERS and operator.inputs[0] in path:
            path[operator.outputs[0]] = graph.tensors[operator.outputs[0]]
    for tensor in path.values():
        if tensor.type in (schema.TensorType.INT8, schema.TensorType.UINT8):
            tensor.quantization.scale = np.array([1.0], np.float32)
            zero = -128 if tensor.type == schema.TensorType.INT8 else 0
            tensor.quantization.zeroPoint = np.array([zero], np.int64)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
