"""Cross-layer equalization: channels get similar ranges, and the network computes the same.

An 8-bit tensor has one scale for all channels, so a channel of small range has few levels.
Equalization (Nagel et al., ICCV 2019, section 4.1) moves a positive factor per channel from the
weights before a tensor to the weights after it. The residual stream of this family has no
activation function, so that one set of factors applies to head, blocks, body, long skip, upsampler.
"""

import keras
import numpy as np
from keras import ops

from keras_secn.layers.squeeze_excite import SqueezeExcite
from keras_secn.models.edsr_trunk import block_kinds, block_layers
from keras_secn.utils.precision_scope import precision_scope

# Factors stay within this ratio: an almost dead channel must not get huge weights.
LIMIT = 32.0
# a channel's range is this percentile: `calibrate` clips larger values
PEAKS = 99.9
CENTER = 110.0  # subtracted from pixels: an integer near the mean colors


def can_rewrite(model):
    """Whether a model is of a family that this module knows, folded where it is collapsible."""
    names = {layer.name for layer in model.layers}
    if {"subtract_mean", "head", "body", "long_skip", "tail", "add_mean"} <= names:
        kinds = set(block_kinds(model))
        return bool(kinds) and kinds <= set(INSIDE)
    return {"subtract_mean", "head", "tail", "levels", "anchor", "image_skip"} <= names


def prepared(model, pictures):
    """A copy to quantize: equalized and normalization folded, where the family is known."""
    model = copy(model)
    if not can_rewrite(model):
        return model
    equalize(model, pictures)
    return fold_normalization(model)


def copy(model):
    """The same network with the same weights, free to be rewritten."""
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    return clone


# block kind -> its convolutions in order: the first reads the residual stream, the last writes to
# it (through the gate, if there is one), and between neighbors lies a tensor of its own
INSIDE = {
    "residual": ("conv_1", "conv_2"),
    "se": ("conv_1", "conv_2"),
    "separable": ("depthwise_1", "pointwise_1", "depthwise_2", "pointwise_2"),
    "inverted": ("expand", "depthwise", "project"),
}


def equalize(model, pictures):
    """Equalizes the channels' ranges on uint8 LR pictures, in place."""
    if not block_layers(model):
        _equalize_stack(model, pictures)
        return
    ranges = observe(model, pictures)
    streams = [r for name, r in ranges.items() if name.startswith("stream")]
    stream = _factors(streams)
    # the last block's features stand beside the pixels, on their grid, see `fuse_body`
    last = ranges[f"stream/{len(block_layers(model)) - 1}"]
    stream = stream * CENTER / np.max(last * stream)
    head, body = model.get_layer("head"), model.get_layer("body")
    _scale_outputs(head, stream)
    kinds = zip(block_kinds(model), block_layers(model), strict=True)
    for index, (kind, block) in enumerate(kinds):
        names = INSIDE[kind]
        _scale_inputs(getattr(block, names[0]), 1 / stream)
        if hasattr(block, "se"):
            _scale_inputs(block.se.squeeze, 1 / stream)
            _wake(block.se, ranges[f"{index}/squeeze"])
            hidden = _factors([ranges[f"{index}/squeeze"]])
            _scale_outputs(block.se.squeeze, hidden)
            _scale_inputs(block.se.excite, 1 / hidden)
        _scale_outputs(getattr(block, names[-1]), stream)
        for before, after in zip(names, names[1:], strict=False):
            factors = _factors([ranges[f"{index}/{before}"]])
            _scale_outputs(getattr(block, before), factors)
            _scale_inputs(getattr(block, after), 1 / factors)
    _scale_inputs(body, 1 / stream)
    _scale_outputs(body, stream)

    previous = stream
    for layer in _upsamplers(model):
        _scale_inputs(layer, 1 / previous)
        previous = _factors([ranges[layer.name]])
        _scale_outputs(layer, np.tile(previous, layer.filters // previous.size))
    _scale_inputs(model.get_layer("tail"), 1 / previous)


def _equalize_stack(model, pictures):
    """A stack of convolutions: every tensor between two of them has factors of its own."""
    stack = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    seen = keras.Model(model.input, [layer.output for layer in stack[:-1]])
    batch = [seen.predict_on_batch(picture[None].astype(np.float32)) for picture in pictures]
    for index, (before, after) in enumerate(zip(stack, stack[1:], strict=False)):
        largest = np.max([np.abs(tensors[index]).max(axis=(0, 1, 2)) for tensors in batch], axis=0)
        factors = _factors([largest])
        _scale_outputs(before, factors)
        _scale_inputs(after, 1 / factors)
    for gate in [layer for layer in model.layers if isinstance(layer, SqueezeExcite)]:
        # it stands between the last two convolutions, and scales what the tail reads
        _scale_inputs(gate.squeeze, 1 / factors)
        kernel, bias = gate.squeeze.get_weights()
        means = np.concatenate([tensors[-1].mean(axis=(1, 2)) for tensors in batch]) * factors
        _wake(gate, np.max(means @ kernel + bias, axis=0))


def _wake(se, hidden):
    """Gives the hidden units of a gate a constant 1, with zero outgoing weights, if all are dead.

    Without it the tensor has a range of zero width, and LiteRT does not load the file. `hidden` is
    the largest output of each unit.
    """
    if np.any(hidden > 0):
        return
    kernel, bias = se.squeeze.get_weights()
    se.squeeze.set_weights([np.zeros_like(kernel), np.ones_like(bias)])
    kernel, bias = se.excite.get_weights()
    se.excite.set_weights([np.zeros_like(kernel), bias])


def observe(model, pictures):
    """Magnitude per channel, short of rare peaks, of every tensor with its own factors, by name."""
    ranges = {}

    def note(name, tensor):
        seen = np.percentile(np.abs(ops.convert_to_numpy(tensor)), PEAKS, axis=(0, 1, 2))
        ranges[name] = np.maximum(ranges.get(name, 0), seen)

    for picture in pictures:
        x = ops.convert_to_tensor(picture[None].astype(np.float32))
        x = skip = model.get_layer("head")(model.get_layer("subtract_mean")(x))
        note("stream/head", x)
        for index, block in enumerate(block_layers(model)):
            inside = x
            for layer in block.branch:
                if layer.name == "se":
                    hidden = layer.squeeze(ops.mean(inside, axis=(1, 2), keepdims=True))
                    note(f"{index}/squeeze", hidden)
                inside = layer(inside)
                note(f"{index}/{layer.name}", inside)
            inside = inside * block.residual_scaling
            x = x + inside
            note(f"stream/{index}/branch", inside)
            note(f"stream/{index}", x)
        x = model.get_layer("body")(x)
        note("stream/body", x)
        x = x + skip
        note("stream/long_skip", x)
        for layer in _upsamplers(model):
            x = layer(x)
            shuffle = model.get_layer(layer.name.replace("upsample", "pixel_shuffle"))
            x = shuffle(x)
            note(layer.name, x)
    return ranges


def _upsamplers(model):
    return [layer for layer in model.layers if layer.name.startswith("upsample_")]


def _factors(ranges):
    """Factors that make channels equal: each tensor's shares, averaged over tensors."""
    shares = [np.maximum(r / max(r.max(), 1e-12), 1 / LIMIT) for r in ranges]
    largest = np.max(shares, axis=0)
    return largest.max() / largest


def _scale_outputs(layer, factors):
    kernel, bias = layer.get_weights()
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        layer.set_weights([kernel * factors[:, None], bias * factors])
    else:
        layer.set_weights([kernel * factors, bias * factors])


def _scale_inputs(layer, factors):
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * factors[:, None], bias])


@precision_scope("float32")  # whatever the policy of the program is
def fold_normalization(model):
    """A network like this one, with its normalization of pixels folded into head and tail.

    In integers each of these layers would round. Only `CENTER`, an integer, is subtracted, which is
    exact. The head's padding is then `CENTER` gray and not the mean color: a few gray levels, one
    pixel outside the picture.
    """

    def swap(layer):
        if layer.name == "subtract_mean":
            return keras.layers.Rescaling(1.0, -CENTER, name=layer.name)
        if layer.name in ("add_mean", "levels"):
            return keras.layers.Activation("linear", name=layer.name)
        return type(layer).from_config(layer.get_config())

    folded = keras.models.clone_model(model, clone_function=swap)
    folded.set_weights(model.get_weights())
    head, tail = folded.get_layer("head"), folded.get_layer("tail")
    kernel, bias = head.get_weights()
    mean = 255.0 * np.array(model.get_layer("subtract_mean").mean)
    kernel = kernel / 127.5
    head.set_weights([kernel, bias + np.einsum("hwio,i->o", kernel, CENTER - mean)])
    kernel, bias = tail.get_weights()
    skips_mean = any(layer.name == "levels" for layer in model.layers)
    mean = np.zeros(3) if skips_mean else mean
    tail.set_weights([kernel * 127.5, bias * 127.5 + np.tile(mean, bias.size // 3)])
    return folded
