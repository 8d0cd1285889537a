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
    """tf_keras and tensorflow_model_optimization.

    Raises:
        UserError: they are not installed, or Keras does not run on TensorFlow.
    """
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
    """The twin of a network, with its weights.

    Args:
        model: a functional Keras model of this library's layers, on RGB of 0..255, without
            collapsible convolutions and with global pooling.

    Returns:
        A functional `tf_keras.Model`.

    Raises:
        UserError: a layer that has no twin.
    """
    tf_keras, _ = libraries()
    custom = custom_layers()
    values = {}
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            values[layer.name] = tf_keras.Input(layer.output.shape[1:], name=layer.name)
            continue
        tensors = layer.input if isinstance(layer.input, list) else [layer.input]
        inputs = [values[tensor._keras_history.operation.name] for tensor in tensors]
        values[layer.name] = _twin_layer(layer, inputs, layer.name, tf_keras, custom)
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
    """Gives a network the weights of its twin.

    Args:
        twin: what `to_twin` made of a model like `model`, or a model with the same layers.
        model: changed in place.
    """
    for name, layer in _convolutions(model):
        kernel, bias = twin.get_layer(name).get_weights()
        if isinstance(layer, keras.layers.Dense):
            kernel = kernel[0, 0]
        layer.set_weights([kernel, bias])


def custom_layers():
    """Layers that tf_keras lacks, by name; also what `custom_objects` takes."""
    tf = tensorflow()
    tf_keras, _ = libraries()

    class Shift(tf_keras.layers.Layer):
        """Adds a constant."""

        def __init__(self, offset=0.0, **kwargs):
            super().__init__(**kwargs)
            self.offset = offset

        def call(self, inputs):
            return inputs + self.offset

        def get_config(self):
            return {**super().get_config(), "offset": self.offset}

    class Shuffle(tf_keras.layers.Layer):
        """`PixelShuffle`."""

        def __init__(self, block_size=2, **kwargs):
            super().__init__(**kwargs)
            self.block_size = block_size

        def call(self, inputs):
            return tf.nn.depth_to_space(inputs, self.block_size)

        def get_config(self):
            return {**super().get_config(), "block_size": self.block_size}

    class Repeat(tf_keras.layers.Layer):
        """The channels `times` times, one copy after the other."""

        def __init__(self, times=1, **kwargs):
            super().__init__(**kwargs)
            self.times = times

        def call(self, inputs):
            return tf.concat([inputs] * self.times, axis=-1)

        def get_config(self):
            return {**super().get_config(), "times": self.times}

    class Part(tf_keras.layers.Layer):
        """`Lines`."""

        def __init__(self, axis=1, start=0, stop=None, **kwargs):
            super().__init__(**kwargs)
            self.axis, self.start, self.stop = axis, start, stop

        def call(self, inputs):
            part = slice(self.start, self.stop)
            return inputs[:, part] if self.axis == 1 else inputs[:, :, part]

        def get_config(self):
            own = {"axis": self.axis, "start": self.start, "stop": self.stop}
            return {**super().get_config(), **own}

    return {"Shift": Shift, "Shuffle": Shuffle, "Repeat": Repeat, "Part": Part}


def _twin_layer(layer, inputs, name, tf_keras, custom):
    x = inputs[0]
    kinds = tf_keras.layers
    if isinstance(layer, Block) and layer.residual_scaling == 1.0:
        for part in layer.branch:
            x = _twin_layer(part, [x], f"{name}_{part.name}", tf_keras, custom)
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
        return custom["Shuffle"](layer.block_size, name=name)(x)
    if isinstance(layer, keras.layers.Concatenate) and len({id(x) for x in inputs}) == 1:
        return custom["Repeat"](len(inputs), name=name)(x)
    if isinstance(layer, keras.layers.Concatenate):
        return kinds.Concatenate(layer.axis, name=name)(inputs)
    if isinstance(layer, Lines):
        return custom["Part"](layer.axis, layer.start, layer.stop, name=name)(x)
    if isinstance(layer, keras.layers.Rescaling) and layer.scale == 1.0:
        return custom["Shift"](float(layer.offset), name=name)(x)
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
