"""Multiply-adds of a network per LR pixel."""

import math

import keras


def multiply_adds(model: keras.Model) -> float:
    """Multiply-adds of all convolutions per LR pixel; a bias counts as one, as in the paper.

    SECN: 1.375 M, CT-SECN_16: 0.347 M (x2, B16F64).
    """
    # by nodes, not layers: recursive networks call a layer several times
    nodes = [node for level in model._nodes_by_depth.values() for node in level]
    nodes = [node for node in nodes if getattr(node.operation, "weights", None)]
    side = 24
    outputs = keras.Model(model.inputs, [node.outputs[0] for node in nodes])
    shapes = outputs.compute_output_shape((1, side, side, model.inputs[0].shape[-1]))
    shapes = shapes if isinstance(shapes, list) else [shapes]
    total = 0
    for node, shape in zip(nodes, shapes, strict=True):
        positions = shape[1] * shape[2] / side**2
        for conv in node.operation._flatten_layers():
            if isinstance(conv, keras.layers.Conv2DTranspose):
                # every weight is used once per input pixel
                stride = conv.strides[0] * conv.strides[1]
                total += positions * math.prod(conv.kernel.shape) / stride
            elif hasattr(conv, "kernel_size"):
                total += positions * sum(math.prod(weight.shape) for weight in conv.weights)
            # layers that use only some of their weights
            total += positions * getattr(conv, "multiply_adds", 0)
    return total
