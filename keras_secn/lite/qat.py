"""Quantization-aware training by tensorflow-model-optimization, on a network's tf_keras twin."""

from keras_secn.data.patches import PatchDataset
from keras_secn.lite.distillation import HR_PATCH, distil
from keras_secn.lite.quantize.equalize import CENTER
from keras_secn.lite.twin import custom_layers, libraries, ranges, to_twin

LEARNING_RATE = 1e-4  # the kernels are rounded well already: larger steps only undo that
CARRIERS = ("Concatenate", "Rows", "Columns", "Shuffle")  # layers that only move values


def finetune(
    model, exact, cache, steps, pictures, batch_size=16, hr_patch=HR_PATCH, seed=0, progress=False
):
    """Quantization-aware training: fine-tunes a network with fake quantization.

    The targets are the pictures of the float network, so that a few hundred steps are enough.
    Ranges are those of calibration, as in post-training quantization.

    Args:
        model: what `equalize.prepared` returned, its kernels rounded.
        exact: the same before rounding, whose pictures are learned.
        cache: a `keras_secn.data.PhotoCache` of the network's scale.
        steps: optimizer steps; the learning rate falls to 0 in a cosine.
        pictures: uint8 LR pictures to calibrate with.
        batch_size, hr_patch, seed: of the patches.
        progress: shows a bar.

    Returns:
        A `tf_keras.Model` with fake quantization everywhere.

    Raises:
        UserError: a layer that has no twin, or libraries are missing.
    """
    twin = to_twin(model)
    student = quantizable(twin)
    seen = ranges(twin, pictures)
    calibrate(student, seen)
    patches = PatchDataset(cache, batch_size, hr_patch, seed, steps=steps)
    # tensorflow-model-optimization would take moving averages of each batch's extremes
    tf_keras, _ = libraries()
    keep_ranges = tf_keras.callbacks.LambdaCallback(
        on_batch_begin=lambda batch, logs: calibrate(student, seen)
    )
    distil(student, to_twin(exact), patches, "quantizing", [keep_ranges], progress, LEARNING_RATE)
    # weights have the ranges of the last training step
    student(patches[0][0], training=True)
    calibrate(student, seen)
    return student


def kind_of(layer):
    return getattr(layer, "kind", type(layer).__name__)


def quantizable(twin):
    """A twin with fake quantization of every weight and every tensor between operators.

    Convolutions are quantized as the library does. Other layers quantize their output, since they
    would stay in float otherwise; layers that only move values are not quantized. Pixels are
    integers of 0..255 at both ends.
    """
    tf_keras, tfmot = libraries()
    quantization = tfmot.quantization.keras
    # which layers make pixels: back from the output, past those that only move values
    makers = {layer.output.name: layer for layer in twin.layers}
    pixel_makers, pixels = set(), [twin.output]
    while pixels:
        layer = makers[pixels.pop().name]
        if kind_of(layer) in CARRIERS:
            pixels += layer.input if isinstance(layer.input, list) else [layer.input]
        else:
            pixel_makers.add(layer.name)
    configs = quantize_configs()

    def annotate(layer):
        kind = kind_of(layer)
        if kind == "InputLayer":
            return layer
        if kind in ("Conv2D", "DepthwiseConv2D"):
            config = configs["ConvolutionToPixels"]() if layer.name in pixel_makers else None
        elif kind in (*CARRIERS, "Repeat"):
            config = configs["Nothing"]()
        elif kind == "Activation":
            config = configs["Output"](0.0, 255 / 256)  # the range of the integer sigmoid
        elif kind == "Shift":
            config = configs["Output"](-CENTER, 255.0 - CENTER)
        elif layer.name in pixel_makers:
            config = configs["Output"](0.0, 255.0)
        else:
            config = configs["Output"]()
        return quantization.quantize_annotate_layer(layer, config)

    with quantization.quantize_scope({**custom_layers(), **configs}):
        annotated = tf_keras.models.clone_model(twin, clone_function=annotate)
        annotated.set_weights(twin.get_weights())
        return quantization.quantize_apply(annotated)


def calibrate(student, seen):
    """Sets a student's ranges to those of its twin's tensors, as `twin.ranges` found them."""
    for layer in student.layers:
        low, high = seen.get(layer.name.removeprefix("quant_"), (0.0, 255.0))
        # a unit that is zero on all pictures needs a range, too
        high = max(high, low + 1e-3)
        for variable in layer.variables:
            name = variable.name.split("/")[-1].split(":")[0]
            if name in ("output_min", "post_activation_min", "quantize_layer_min"):
                variable.assign(low)
            elif name in ("output_max", "post_activation_max", "quantize_layer_max"):
                variable.assign(high)


def quantize_configs():
    """Our `QuantizeConfig`s by name."""
    _, tfmot = libraries()
    quantization = tfmot.quantization.keras
    quantizers = quantization.quantizers
    from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
        default_8bit_quantize_configs,
        default_8bit_quantize_registry,
    )
    from tensorflow_model_optimization.python.core.quantization.keras.quantizers import (
        FixedQuantizer,
    )

    def pixels(low=0.0, high=255.0):
        return FixedQuantizer(num_bits=8, init_min=low, init_max=high, narrow_range=False)

    class Nothing(default_8bit_quantize_configs.NoOpQuantizeConfig):
        """No quantization, for layers that only move values."""

    class Output(Nothing):
        """Quantizes the output: range learned, or from `low` to `high`."""

        def __init__(self, low=None, high=None):
            self.low, self.high = low, high

        def get_output_quantizers(self, layer):
            if self.low is not None:
                return [pixels(self.low, self.high)]
            return [quantizers.MovingAverageQuantizer(8, False, False, False)]

        def get_config(self):
            return {"low": self.low, "high": self.high}

    class ConvolutionToPixels(default_8bit_quantize_registry.Default8BitConvQuantizeConfig):
        """As the library quantizes convolutions, with an output of integers of 0..255."""

        def __init__(self):
            super().__init__(["kernel"], ["activation"], False)

        def get_activations_and_quantizers(self, layer):
            return [(layer.activation, pixels())]

        def get_config(self):
            return {}

    return {"Nothing": Nothing, "Output": Output, "ConvolutionToPixels": ConvolutionToPixels}
