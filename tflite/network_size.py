"""How small a network is once its kernels are pruned and share their values."""

import zlib

import numpy as np


def kernels(model):
    """A network's kernels as arrays."""
    return [np.asarray(w) for w in model.weights if w.path.endswith("kernel")]


def measures(model, content):
    """How small a network is, beside the `content` of its `.tflite` file.

    Returns:
        A dictionary: `sparsity` (share of zeros in the kernels), `values` (the most that any
        kernel holds), `bytes` (of the file), `deflated` (of the file with its entropy coded).
    """
    weights = kernels(model)
    return {
        "sparsity": sum(int(np.sum(k == 0)) for k in weights) / sum(k.size for k in weights),
        "values": max(np.unique(kernel).size for kernel in weights),
        "bytes": len(content),
        "deflated": len(zlib.compress(content, level=9)),
    }
