"""Multiply-adds of a network per LR pixel."""

import keras


def multiply_adds(model):
    """Multiply-adds per LR pixel, biases counted as one each, as the paper's figures are.

    Counts convolutions, depthwise and transposed ones included; the dense layers of
    squeeze-and-excitation work once per image and not per pixel. SECN: 1.375 M, CT-SECN_16:
    0.347 M (x2, B16F64).
    """
    # by nodes, not layers: a layer that recursions share works at each of its places
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
                # every input pixel meets every weight: the output has strides times more pixels
                stride = conv.strides[0] * conv.strides[1]
                total += positions * _size(conv.kernel) / stride
            elif hasattr(conv, "kernel_size"):
                total += positions * sum(_size(weight) for weight in conv.weights)
            # of layers that use some of their weights only
            total += positions * getattr(conv, "multiply_adds", 0)
    return total


def _size(weight):
    size = 1
    for length in weight.shape:
        size *= length
    return size
