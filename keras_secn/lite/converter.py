"""Converts a Keras network to the bytes of a `.tflite` file, by kind of quantization."""

import tempfile

import keras
import numpy as np
from tqdm import tqdm

from keras_secn.lite.pictures import fit
from keras_secn.lite.quantize.calibrate import set_ranges, tensor_ranges
from keras_secn.lite.quantize.output_grid import pin_output
from keras_secn.utils.errors import UserError

PIXELS = "pixels"  # part of the names of the operators that make pixels of a float picture


def tensorflow():
    """TensorFlow, if Keras runs on it: only then can a network be traced. Else a `UserError`."""
    if keras.backend.backend() != "tensorflow":
        raise UserError("export to LiteRT needs KERAS_BACKEND=tensorflow")
    import tensorflow as tf

    return tf


def float_network(model, io):
    """`model` with rounding, clipping and the type of pixels in its graph, for `convert`."""
    tf = tensorflow()

    def run(lr):
        sr = model(tf.cast(lr, tf.float32), training=False)
        with tf.name_scope(PIXELS):
            sr = tf.clip_by_value(sr, 0.0, 255.0)
            # half up, as metrics.to_uint8; CAST alone would cut off
            return tf.cast(tf.floor(sr + 0.5), tf.uint8) if io == "uint8" else sr

    return _variables(model), run


def plain_network(model):
    """A Keras or `tf_keras` model as it is: an integer file clips, see `pin_output`."""
    return _variables(model), lambda lr: model(lr, training=False)


def _variables(model):
    return [v.value if isinstance(v, keras.Variable) else v for v in model.variables]


def convert(network, shape, io, quantization="none", pictures=None, progress=False, clip=False):
    """The bytes of a `.tflite` file; its `shape` is in LR pixels, or `None` for any.

    `network` is TensorFlow variables, and the function of one tensor (1, H, W, 3) that uses them.
    `pictures`, of one size, calibrate int8; there are none if the network is full of fake
    quantization already. For `clip` see `calibrate.tensor_ranges`.
    """
    if quantization == "int8" and pictures is not None:
        return _quantized(network, shape, io, pictures, progress, clip)
    # the quantizer itself puts integers at the ends of a float network
    pixels = "uint8" if io == "uint8" and quantization != "int8" else "float32"

    def options(tf, converter):
        if quantization != "none":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantization == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if quantization == "int8" and io == "uint8":
            converter.inference_input_type = converter.inference_output_type = tf.uint8

    content = _traced(network, shape, pixels, options)
    return pin_output(content) if quantization == "int8" else content


def _quantized(network, shape, io, pictures, progress, clip):
    """int8 after training: calibrated by `calibrate`, quantized by TensorFlow.

    TensorFlow's calibration uses the extremes of tensors, and reads some after their memory was
    reused. So here it only marks the tensors, and `calibrate` sets their ranges. These steps are
    internals of the converter, hence setup.py pins TensorFlow to one minor version.
    """
    tf = tensorflow()
    from tensorflow.lite.python.convert import mlir_quantize

    def calibrated(shape, pictures):
        def options(tf, converter):
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.representative_dataset = lambda: (
                [picture[None].astype(np.float32)] for picture in pictures
            )
            converter._experimental_calibrate_only = True

        return _traced(network, shape, "float32", options)

    size = pictures[0].shape[:2]
    marked = seen = calibrated(shape, [fit(pictures[-1], shape or size)])
    if shape not in (None, size):
        # tensors keep their names; those of a large picture would not fit in memory together
        seen = calibrated(None, pictures[-1:])
    bar = tqdm(pictures, desc="calibrating", disable=not progress, unit="picture")
    ranges = tensor_ranges(seen, bar, clip)
    kind = tf.uint8 if io == "uint8" else tf.float32
    content = mlir_quantize(set_ranges(marked, ranges), input_data_type=kind, output_data_type=kind)
    return pin_output(content)


def _traced(network, shape, pixels, options):
    """Traces a network on pixels of a type and converts it; `options` sets the converter's."""
    tf = tensorflow()
    variables, run = network
    height, width = shape or (None, None)
    kind = tf.as_dtype(pixels)

    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            # a SavedModel leaves out variables that it cannot see, and says nothing
            self.weights = variables

        @tf.function(input_signature=[tf.TensorSpec((1, height, width, 3), kind, name="lr")])
        def upscale(self, lr):
            return {"sr": run(lr)}

    module = Module()
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={"serving_default": module.upscale})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        options(tf, converter)
        return converter.convert()
