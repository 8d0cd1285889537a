"""Operators that phones' accelerators support; the others of a file run on the CPU.

From the operators that the sources take: `tflite/delegates/gpu/common/model_builder.cc` of LiteRT
(at 34ec5bad), `delegates/nnapi/nnapi_delegate.cc` and `delegates/hexagon/utils.cc` of TensorFlow
Lite (at 1fa9397d; there slices need constant bounds, and sides of RESIZE_BILINEAR stay below 66).
Only operators that super-resolution networks are made of are listed. A phone's driver may still
refuse an operator; only a run on the phone tells.
"""

import os

from ai_edge_litert.tools import flatbuffer_utils

from keras_secn.lite.quantize.output_grid import operator_names
from keras_secn.lite.runtime import load_bytes
from keras_secn.utils.errors import UserError, require_known

_COMMON = """ADD CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE FULLY_CONNECTED LOGISTIC
    MAXIMUM MEAN MINIMUM MUL QUANTIZE RELU RELU6 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR
    SLICE STRIDED_SLICE SUB TRANSPOSE_CONV"""
_EVERYWHERE = set(_COMMON.split())
_FLOAT = _EVERYWHERE | {"CAST", "DEQUANTIZE", "FLOOR", "PAD", "PRELU", "TANH"}
SUPPORTED = {"gpu": _FLOAT, "nnapi": _FLOAT, "hexagon": _EVERYWHERE | {"PAD", "TANH"}}
DYNAMIC = "dynamic size"


def refused(path: str | os.PathLike[str], delegate: str) -> list[str]:
    """What a delegate does not take of a file: operators; for a GPU a dynamic size as well.

    Args:
        path: a `.tflite` file.
        delegate: "gpu", "nnapi" or "hexagon".

    Returns:
        Names of operators, sorted, and behind them "dynamic size" if that is refused; empty if
        the whole file can be delegated.

    Raises:
        UserError: an unknown delegate; else as `keras_secn.lite.info`.
    """
    require_known(delegate, SUPPORTED, "delegate")
    content = load_bytes(path)
    try:
        model = flatbuffer_utils.read_model_from_bytearray(content)
        names, graph = operator_names(model), model.subgraphs[0]
        signatures = [graph.tensors[index].shapeSignature for index in graph.inputs]
        dynamic = any(sizes is not None and -1 in sizes for sizes in signatures)
    except Exception:
        # a torn flatbuffer fails wherever its first wrong offset leads
        raise UserError(f"{path}: damaged LiteRT file") from None
    operators = sorted({str(name) for name in names} - SUPPORTED[delegate])
    # a GPU compiles for one size
    return operators + [DYNAMIC] if dynamic and delegate == "gpu" else operators
