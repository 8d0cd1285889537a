"""Training on a CPU's float32 units with fewer multiplications: 3x3 convolutions by Winograd."""

import functools
import hashlib
import os
import pathlib
import platform
import shlex
import subprocess

import keras

from .errors import UserError
from .files import atomic_path
from .photo_cache import PhotoCache

SOURCE = pathlib.Path(__file__).with_name("winograd.cc")
OPTIONS = shlex.split("-O3 -march=native -ffp-contract=fast -fno-math-errno -w -shared -fPIC")
ACTIVATIONS = (keras.activations.linear, keras.activations.relu)


def train_by_winograd(model):
    """Lets a network's 3x3 convolutions run by Winograd's F(4x4, 3x3), forward and backward.

    A quarter of the multiplications, and the same result but for rounding (the tests: within 2e-4
    of its spread). Layers that do not suit - other kernel sizes, strides, channels that are no
    multiple of 16, bfloat16 - are left alone. The kernels are compiled when first used, with
    `$CXX` or g++.

    Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), section 4.1.

    Args:
        model: any Keras model on the TensorFlow backend; changed in place: the calls of its layers.

    Returns:
        How many layers run so.

    Raises:
        UserError: another backend, or there is no working C++ compiler.
    """
    if keras.backend.backend() != "tensorflow":
        raise UserError("Winograd's convolutions are TensorFlow's: KERAS_BACKEND=tensorflow")
    layers = [layer for layer in model._flatten_layers() if _suits(layer)]
    for layer in layers:
        # made here, so that what the compiler says does not come out of a step being traced
        convolution = _convolution(relu=layer.activation is keras.activations.relu)
        layer.call = functools.partial(_call, layer, convolution)
    return len(layers)


def _suits(layer):
    return (
        type(layer) is keras.layers.Conv2D
        and layer.kernel_size == (3, 3)
        and layer.strides == layer.dilation_rate == (1, 1)
        and layer.groups == 1
        and layer.padding == "same"
        and layer.data_format == "channels_last"
        and layer.use_bias
        and layer.activation in ACTIVATIONS
        and layer.compute_dtype == "float32"
        and all(0 < size <= 1024 and size % 16 == 0 for size in layer.kernel.shape[2:])
    )


def _call(layer, convolution, inputs):
    return convolution(inputs, layer.kernel.value, layer.bias.value)


@functools.cache
def _convolution(relu):
    """(x, kernel, bias) -> y, which gradients flow through."""
    import tensorflow as tf  # Keras has no way to add an operation to a backend

    ops = tf.load_op_library(str(compiled()))

    @tf.custom_gradient
    def convolution(x, kernel, bias):
        y = ops.secn_winograd_conv(x, kernel, bias, relu=relu)

        def gradient(dy):
            if relu:
                dy = tf.raw_ops.ReluGrad(gradients=dy, features=y)
            back = tf.transpose(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2])
            return (
                ops.secn_winograd_conv(dy, back, tf.zeros([0])),
                ops.secn_winograd_kernel_gradient(x, dy),
                tf.raw_ops.BiasAddGrad(out_backprop=dy),
            )

        return y, gradient

    def with_tensors(x, kernel, bias):
        # variables among the arguments would want gradients of their own kind
        return convolution(x, tf.convert_to_tensor(kernel), tf.convert_to_tensor(bias))

    return with_tensors


def compiled(cache_dir=None):
    """The library of `winograd.cc` for this machine and TensorFlow; compiled if it is not there.

    Args:
        cache_dir: where libraries are kept; `PhotoCache.default_dir()` if not given.

    Raises:
        UserError: there is no C++ compiler, or it fails.
    """
    import tensorflow as tf

    command = [
        *shlex.split(os.environ.get("CXX", "g++")),
        *OPTIONS,
        *tf.sysconfig.get_compile_flags(),
        str(SOURCE),
    ]
    # last, for linkers that look for what is missing so far
    libraries = tf.sysconfig.get_link_flags()
    # a home may be shared by machines whose processors differ
    key = [command, SOURCE.read_text(), tf.__version__, platform.machine(), _processor()]
    name = f"winograd-{hashlib.sha256(repr(key).encode()).hexdigest()[:16]}.so"
    path = pathlib.Path(cache_dir or PhotoCache.default_dir()) / name
    if not path.exists():
        with atomic_path(path) as temporary:
            try:
                subprocess.run(
                    [*command, "-o", str(temporary), *libraries],
                    check=True,
                    capture_output=True,
                    text=True,
                )
            except OSError as error:
                raise UserError(f"--winograd needs a C++ compiler: {error}; set CXX") from None
            except subprocess.CalledProcessError as error:
                lines = [line for line in error.stderr.splitlines() if "error" in line]
                reason = (lines or error.stderr.splitlines() or ["no message"])[0]
                raise UserError(f"{command[0]} cannot compile {SOURCE.name}: {reason}") from None
    return path


def _processor():
    """The processor's abilities, as far as the system lists them."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")
