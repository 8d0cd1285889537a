"""Adds signatures to an int8 file, with which `Upscaler` computes exact tiles.

Squeeze-and-excitation gates depend on the whole picture. So the file gets the signatures of the
float file: `statistics` is the graph up to its gates, `tile` the graph behind them. All share
weights and quantization, so that tiles are rounded as the whole picture is.
"""

import copy

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from keras_secn.lite.quantize.output_grid import operator_names
from keras_secn.lite.runtime import POOL, TILE, WHOLE
from keras_secn.utils.errors import UserError

GATE, POOLING = "LOGISTIC", "MEAN"  # the operators that make a gate, and that see everything


def with_tiles(content: bytes) -> tuple[bytes, bool]:
    """Adds the signatures `whole`, `tile` and, if there are gates, `statistics` to an int8 file.

    Returns the bytes, and whether there are gates. A network that sees the whole picture otherwise
    than through gates is a `UserError`.
    """
    model = flatbuffer_utils.read_model_from_bytearray(content)
    (graph,) = model.subgraphs
    kinds = operator_names(model)
    pairs = zip(kinds, graph.operators, strict=True)
    made = [operator.outputs[0] for kind, operator in pairs if kind == GATE]
    gates = {f"gates_{number}": index for number, index in enumerate(made)}
    lr, sr = {"lr": graph.inputs[0]}, {"sr": graph.outputs[0]}
    model.signatureDefs.append(_signature(WHOLE, 0, lr, sr))
    if not gates:
        if POOLING in kinds:
            raise UserError("the network sees the whole image at once: tiles cannot equal it")
        model.signatureDefs.append(_signature(TILE, 0, lr, sr))
    else:
        _add_graph(model, TILE, {**lr, **gates}, sr)
        if POOLING in operator_names(model, -1):
            raise UserError("the network sees the whole image at once: tiles cannot equal it")
        _add_graph(model, POOL, {"patches": graph.inputs[0]}, gates)
        _pool_over_patches(model)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model)), bool(gates)


def _signature(key, graph, inputs, outputs):
    """A signature with ends {name: tensor}."""

    def ends(tensors):
        entries = []
        for name, tensor in tensors.items():
            entry = schema.TensorMapT()
            entry.name, entry.tensorIndex = name, tensor
            entries.append(entry)
        return entries

    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = key, graph
    signature.inputs, signature.outputs = ends(inputs), ends(outputs)
    return signature


def _add_graph(model, key, inputs, outputs):
    """Adds the part of the first graph between some tensors as a graph and signature of its own."""
    whole = model.subgraphs[0]
    needed, kept = set(outputs.values()), []
    for operator in reversed(whole.operators):
        made = set(operator.outputs)
        if made & needed and not made & set(inputs.values()):
            kept.insert(0, copy.deepcopy(operator))
            needed |= {index for index in operator.inputs if index >= 0}
    needed |= set(inputs.values()) | {index for operator in kept for index in operator.outputs}
    number = {old: new for new, old in enumerate(sorted(needed))}
    for operator in kept:
        operator.inputs = [number.get(index, -1) for index in operator.inputs]
        operator.outputs = [number[index] for index in operator.outputs]
    graph = schema.SubGraphT()
    graph.name, graph.operators = key, kept
    graph.tensors = [copy.deepcopy(whole.tensors[index]) for index in sorted(needed)]
    inputs, outputs = (
        {name: number[index] for name, index in ends.items()} for ends in (inputs, outputs)
    )
    graph.inputs, graph.outputs = list(inputs.values()), list(outputs.values())
    model.subgraphs.append(graph)
    model.signatureDefs.append(_signature(key, len(model.subgraphs) - 1, inputs, outputs))


def _pool_over_patches(model):
    """Lets the last graph take several patches of one picture, and their means together."""
    graph = model.subgraphs[-1]
    buffer = schema.BufferT()
    buffer.data = np.array([0, 1, 2], np.int32).view(np.uint8)
    model.buffers.append(buffer)
    for kind, operator in zip(operator_names(model, -1), graph.operators, strict=True):
        if kind == POOLING:
            axes = graph.tensors[operator.inputs[1]]
            axes.shape, axes.buffer = [3], len(model.buffers) - 1
    pictures = graph.tensors[graph.inputs[0]]
    pictures.shapeSignature = [-1, -1, -1, 3]
