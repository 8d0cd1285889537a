"""Calibration: the range of each activation that 8 bits represent with the least error.

Features of photographs have rare, large values. A range that includes all of them wastes levels;
clipping a few gives a smaller mean error (Sung et al., "Resiliency of deep neural networks under
quantization", 2015; Banner et al., NeurIPS 2019).
"""

import math

import numpy as np
from ai_edge_litert.tools import flatbuffer_utils

from keras_secn.lite.interpreter import open_tensors
from keras_secn.lite.quantize.output_grid import CARRIERS, SLICERS

SHARES = np.concatenate([np.arange(1.0, 0.3, -0.05), np.arange(0.3, 0.08, -0.02)])
SAMPLES = 4000  # of a tensor, per picture
# What a rounding error counts beside one of a cut-off peak: found on photographs and pages, see
# docs/phone.md.
ROUNDINGS = 2.0


def best_range(values, low, high):
    """The part of low..high whose 256 levels give the least mean squared error of `values`.

    Both ends are scaled by one factor. Errors of values within that part count `ROUNDINGS` times.
    Whole numbers, such as pixels, keep all of the range.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < 1e-9 or np.array_equal(values, np.round(values)):
        return low, high

    def error(share):
        step = share * (high - low) / 255
        ends = np.round(share * low / step), np.round(share * high / step)
        levels = np.round(values / step)
        kept = np.clip(levels, *ends)
        return np.mean((kept * step - values) ** 2 * np.where(kept == levels, ROUNDINGS, 1))

    share = min(SHARES, key=error)
    return float(share * low), float(share * high)


class Sampler:
    """Extremes and a sample of the values of tensors, by name."""

    def __init__(self):
        self.extremes, self.samples = {}, {}

    def add(self, name, values):
        """Adds a tensor's values on one picture; keeps every n-th."""
        values = np.asarray(values, np.float32)
        low, high = self.extremes.get(name, (0.0, 0.0))
        self.extremes[name] = (min(low, float(values.min())), max(high, float(values.max())))
        # one value per channel is too small a sample
        if values.ndim == 4 and values.shape[1] * values.shape[2] > 1:
            stride = max(1, values.size // SAMPLES)
            while math.gcd(stride, values.shape[3]) > 1:
                stride += 1  # so that all channels are sampled
            kept = values.ravel()[::stride]
            self.samples.setdefault(name, []).append(kept.copy())

    def is_whole(self, name):
        return all(np.array_equal(part, np.round(part)) for part in self.samples.get(name, [0.5]))

    def range(self, name, clip=True):
        """(low, high) of a tensor's quantization; its extremes without `clip`."""
        low, high = self.extremes[name]
        if name not in self.samples or not clip:
            return low, high
        return best_range(np.concatenate(self.samples[name]), low, high)


def tensor_ranges(content, pictures, clip):
    """{tensor's name: (low, high)} of a float file, over uint8 LR pictures of a size that it takes.

    Tensors that only move values have their input's. `clip` cuts off rare peaks: only for equalized
    networks, where all channels have similar ranges.
    """
    interpreter = open_tensors(content)
    pixels = interpreter.get_input_details()[0]
    names = {d["index"]: d["name"] for d in interpreter.get_tensor_details()}
    operators, sampler = interpreter._get_ops_details(), Sampler()
    for picture in pictures:
        interpreter.resize_tensor_input(pixels["index"], (1, *picture.shape))
        interpreter.allocate_tensors()
        interpreter.set_tensor(pixels["index"], picture[None].astype(pixels["dtype"]))
        interpreter.invoke()
        sampler.add(pixels["name"], picture[None])
        for operator in operators:
            for index in operator["outputs"]:
                values = interpreter.get_tensor(index)
                if values.dtype == np.float32:
                    sampler.add(names[index], values)
    found = {pixels["name"]: sampler.range(pixels["name"], clip)}
    for operator in operators:
        inputs = [names[i] for i in operator["inputs"] if names.get(i) in found]
        if operator["op_name"] == "CONCATENATION":
            found.update(common_range(found, inputs, sampler))
        for index in operator["outputs"]:
            name = names[index]
            if name not in sampler.extremes:
                continue
            if operator["op_name"] in (*CARRIERS, *SLICERS) and inputs:
                found[name] = union(found[before] for before in inputs)
            else:
                found[name] = sampler.range(name, clip)
    return found


def common_range(ranges, names, sampler):
    """{name: (low, high)} of tensors that are concatenated: the pixels', if some are pixels."""
    whole = [name for name in names if sampler.is_whole(name)]
    return dict.fromkeys(names, union(ranges[name] for name in whole or names)) if names else {}


def union(ranges):
    lows, highs = zip(*ranges, strict=True)
    return min(lows), max(highs)


def set_ranges(content, ranges):
    """A calibrated file's bytes with other ranges for the tensors that are named."""
    model = flatbuffer_utils.read_model_from_bytearray(content)
    for tensor in model.subgraphs[0].tensors:
        kept = tensor.quantization
        name = tensor.name.decode() if isinstance(tensor.name, bytes) else tensor.name
        if name in ranges and kept is not None and kept.min is not None and len(kept.min) == 1:
            low, high = ranges[name]
            kept.min, kept.max = np.array([low], np.float32), np.array([high], np.float32)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
