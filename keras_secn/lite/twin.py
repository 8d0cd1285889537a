"""A network's twin in tf_keras, as tensorflow-model-optimization needs it.

Layers have the same weights and names (`block_0/conv_1` becomes `block_0_conv_1`), blocks are laid
out flat, and the dense layers of squeeze-and-excitation become 1 x 1 convolutions.
"""

import keras
import numpy as np

from keras_secn.layers.blocks import Block
from keras_secn.layers.lines import Lines
from keras_secn.layers.resampling import PixelShuffle
from keras_secn.layers.squeeze_excite import SqueezeExcite
from keras_secn.lite.converter import tensorflow
from keras_secn.lite.quantize.calibrate import Sampler, common_range
from keras_secn.utils.errors import UserError

LAST = "channels_last"  # whatever keras.json says


def libraries():
    """tf_keras and tensorflow_model_optimization; a `UserError` if one or TensorFlow is missing."""
    tensorflow()
    try:
        import tensorflow_model_optimization as tfmot
        import tf_keras
    except ImportError:
        raise UserError(
            "needs tensorflow-model-optimization: pip install keras-secn[quantization]"
        ) from None
    return tf_keras, tfmot


def to_twin(model):
    """The twin, a functional `tf_keras.Model`, of a network without collapsible convolutions.

    A layer that has no twin, such as one that pools over windows, is a `UserError`.
    """
    tf_keras, _ = libraries()
    apply = custom_layers()["Apply"]
    values = {}
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            values[layer.name] = tf_keras.Input(layer.output.shape[1:], name=layer.name)
            continue
        tensors = layer.input if isinstance(layer.input, list) else [layer.input]
        inputs = [values[tensor._keras_history.operation.name] for tensor in tensors]
        values[layer.name] = _twin_layer(layer, inputs, layer.name, tf_keras, apply)
    first = values[model.input._keras_history.operation.name]
    last = values[model.output._keras_history.operation.name]
    twin = tf_keras.Model(first, last, name=model.name)
    for name, layer in _convolutions(model):
        kernel, bias = layer.get_weights()
        if isinstance(layer, keras.layers.Dense):
            kernel = kernel[None, None]
        twin.get_layer(name).set_weights([kernel, bias])
    return twin


def copy_back(twin, model):
    """Gives a network the weights of its twin, or of any model with the twin's layers."""
    for name, layer in _convolutions(model):
        kernel, bias = twin.get_layer(name).get_weights()
        if isinstance(layer, keras.layers.Dense):
            kernel = kernel[0, 0]
        layer.set_weights([kernel, bias])


def custom_layers():
    """The layer that does what tf_keras has none for, as `custom_objects` takes it."""
    tf = tensorflow()
    tf_keras, _ = libraries()

    functions = {
        "Shift": lambda x, offset: x + offset,
        "Shuffle": tf.nn.depth_to_space,
        "Repeat": lambda x, times: tf.concat([x] * times, axis=-1),
        "Rows": lambda x, start, stop: x[:, start:stop],
        "Columns": lambda x, start, stop: x[:, :, start:stop],
    }

    class Apply(tf_keras.layers.Layer):
        """One of `functions`, by name."""

        def __init__(self, kind, arguments, **kwargs):
            super().__init__(**kwargs)
            self.kind, self.arguments = kind, list(arguments)

        def call(self, inputs):
            return functions[self.kind](inputs, *self.arguments)

        def get_config(self):
            return {**super().get_config(), "kind": self.kind, "arguments": list(self.arguments)}

    return {"Apply": Apply}


def _twin_layer(layer, inputs, name, tf_keras, apply):
    x = inputs[0]
    kinds = tf_keras.layers
    if isinstance(layer, Block) and layer.residual_scaling == 1.0:
        for part in layer.branch:
            x = _twin_layer(part, [x], f"{name}_{part.name}", tf_keras, apply)
        return kinds.Add(name=f"{name}_add")([inputs[0], x])
    if isinstance(layer, SqueezeExcite) and layer.window is None:
        x = kinds.GlobalAveragePooling2D(LAST, keepdims=True, name=f"{name}_mean")(x)
        options = {"activation": "relu", "data_format": LAST, "name": f"{name}_squeeze"}
        x = kinds.Conv2D(layer.squeeze.units, 1, **options)(x)
        # the activation is a layer of its own, so that it gets its own quantization
        x = kinds.Conv2D(layer.excite.units, 1, data_format=LAST, name=f"{name}_excite")(x)
        x = kinds.Activation("sigmoid", name=f"{name}_gate")(x)
        return kinds.Multiply(name=f"{name}_multiply")([inputs[0], x])
    if type(layer) in (keras.layers.Conv2D, keras.layers.DepthwiseConv2D):
        options = {"padding": "same", "data_format": LAST, "name": name}
        options["activation"] = layer.activation.__name__
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            return kinds.DepthwiseConv2D(layer.kernel_size, **options)(x)
        return kinds.Conv2D(layer.filters, layer.kernel_size, **options)(x)
    if isinstance(layer, keras.layers.Add):
        return kinds.Add(name=name)(inputs)
    if isinstance(layer, PixelShuffle):
        return apply("Shuffle", [layer.block_size], name=name)(x)
    if isinstance(layer, keras.layers.Concatenate) and len({id(x) for x in inputs}) == 1:
        return apply("Repeat", [len(inputs)], name=name)(x)
    if isinstance(layer, keras.layers.Concatenate):
        return kinds.Concatenate(layer.axis, name=name)(inputs)
    if isinstance(layer, Lines):
        kind = "Rows" if layer.axis == 1 else "Columns"
        return apply(kind, [layer.start, layer.stop], name=name)(x)
    if isinstance(layer, keras.layers.Rescaling) and layer.scale == 1.0:
        return apply("Shift", [float(layer.offset)], name=name)(x)
    if isinstance(layer, keras.layers.Activation) and layer.activation.__name__ == "linear":
        return x
    raise UserError(f"layer {layer.name!r} ({type(layer).__name__}) has no twin in tf_keras")


def _convolutions(model):
    """(name in the twin, layer) of all layers that have a kernel and a bias."""
    found = []
    for layer in model.layers:
        for part in layer._flatten_layers():
            if hasattr(part, "kernel") and hasattr(part, "bias"):
                path = part.kernel.path.split("/")[:-1]
                found.append(("_".join(path), part))
    return found


def ranges(twin, pictures):
    """Calibrated (low, high) of every layer's output, by layer's name."""
    tf_keras, _ = libraries()
    layers, sampler = twin.layers[1:], Sampler()
    seen = tf_keras.Model(twin.input, [layer.output for layer in layers])
    for picture in pictures:
        outputs = seen(picture[None].astype(np.float32), training=False)
        for layer, tensor in zip(layers, outputs, strict=True):
            sampler.add(layer.name, tensor)
    found = {layer.name: sampler.range(layer.name) for layer in layers}
    makers = {layer.output.name: layer.name for layer in layers}
    for layer in layers:
        if isinstance(layer, tf_keras.layers.Concatenate):
            names = [makers[tensor.name] for tensor in layer.input]
            found.update(common_range(found, names, sampler))
    return found
