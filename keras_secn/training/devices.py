"""Where a network is trained and in which precision: devices, hosts, float32 or bfloat16."""

import contextlib
import time

import keras
import numpy as np

from keras_secn.training import multihost
from keras_secn.utils.errors import UserError
from keras_secn.layers import BLOCKS

STRATEGIES = ("single", "mirrored", "multihost", "auto")
PRECISIONS = ("auto", "float32", "mixed_bfloat16")


def pick_strategy(name="single", logical_devices=0):
    """Chooses the devices to train on. Call it before anything else touches the backend.

    Args:
        name: "single" (the backend's default device), "mirrored" (every device holds the network
            and takes an equal share of each batch), "multihost" (the same over all devices of
            several processes, see `keras_secn.hosts`) or "auto" (mirrored if there are several).
        logical_devices: splits the CPU into so many devices, to try "mirrored" without several.

    Returns:
        `None` for a single device, `tf.distribute.MirroredStrategy` on TensorFlow; on JAX the
        `keras.distribution.DataParallel` that has been made Keras' global distribution.

    Raises:
        UserError: an unknown name, fewer than two devices for "mirrored", or no launcher and no
            JAX for "multihost".
    """
    if name not in STRATEGIES:
        raise UserError(f"unknown strategy {name!r}; known are {', '.join(STRATEGIES)}")
    if name == "single":
        return None
    if name == "multihost":
        if logical_devices:
            _jax_devices_of_cpu(logical_devices)
        multihost.join()
        return data_parallel(keras.distribution.list_devices())
    devices = list_devices(logical_devices)
    if len(devices) < 2:
        if name == "auto":
            return None
        raise UserError(
            "strategy 'mirrored' needs at least two devices and finds one; "
            "--logical_devices 2 splits a CPU"
        )
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf  # the strategy is the backend's own; nothing else here needs it

        return tf.distribute.MirroredStrategy(devices)
    return data_parallel(devices)


def data_parallel(devices):
    """Makes JAX hold the network on all of `devices`, as Keras' global distribution."""
    # each process reads its own share of a batch: Keras must not divide it again
    distribution = keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False)
    keras.distribution.set_distribution(distribution)
    return distribution


def list_devices(logical_devices=0):
    """Names of the devices of this machine, its CPU split into `logical_devices` if not 0."""
    if keras.backend.backend() != "tensorflow":
        if logical_devices:
            _jax_devices_of_cpu(logical_devices)
        return keras.distribution.list_devices()
    import tensorflow as tf

    if logical_devices:
        cpu = tf.config.list_physical_devices("CPU")[0]
        parts = [tf.config.LogicalDeviceConfiguration() for _ in range(logical_devices)]
        tf.config.set_logical_device_configuration(cpu, parts)
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return [device.name for device in devices]


def _jax_devices_of_cpu(number):
    import jax

    jax.config.update("jax_num_cpu_devices", number)


def strategy_scope(strategy):
    """A context in which variables are made on all devices of `strategy` (or of none)."""
    return strategy.scope() if hasattr(strategy, "scope") else contextlib.nullcontext()


@contextlib.contextmanager
def local_scope():
    """Variables made inside live on one device of this process, and models run there (JAX)."""
    if keras.backend.backend() == "tensorflow":
        yield
        return
    before = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(before)


def require_shares(batch_size, strategy):
    """Raises a `UserError` if a batch cannot be shared out evenly among the devices."""
    devices = getattr(strategy, "num_replicas_in_sync", None) or getattr(
        strategy, "num_model_replicas", 1
    )
    if batch_size % devices:
        raise UserError(f"batch_size {batch_size} cannot be shared by {devices} devices")


@contextlib.contextmanager
def precision_scope(precision):
    """Layers made inside compute in `precision`, a Keras dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def pick_precision(name="auto", kinds=("se", "separable"), filters=64, lr_patch=24, batch=16):
    """Chooses the precision to train in; "auto" times both for a few steps on this machine.

    bfloat16 is twice as fast on processors with units for it and ten times slower where it is
    emulated, and no flag of the processor says which of the two TensorFlow will do.

    Returns:
        "float32" or "mixed_bfloat16", and the seconds per step of each (empty unless "auto").

    Raises:
        UserError: an unknown name.
    """
    if name not in PRECISIONS:
        raise UserError(f"unknown precision {name!r}; known are {', '.join(PRECISIONS)}")
    if name != "auto":
        return name, {}
    seconds = {precision: None for precision in PRECISIONS[1:]}
    with local_scope():
        for precision in seconds:
            seconds[precision] = _step_time(precision, kinds, filters, lr_patch, batch)
    fastest = min(PRECISIONS[1:], key=seconds.get)
    # several processes must agree, whatever each of them measured
    return PRECISIONS[multihost.largest(PRECISIONS.index(fastest))], seconds


def _step_time(precision, kinds, filters, lr_patch, batch):
    with precision_scope(precision):
        inputs = keras.Input((lr_patch, lr_patch, filters))
        x = inputs
        for kind in kinds:
            x = BLOCKS[kind]()(x)
        model = keras.Model(inputs, x)
    model.compile("adam", "mean_absolute_error", jit_compile=keras.backend.backend() == "jax")
    patches = np.random.default_rng(0).random((batch, lr_patch, lr_patch, filters), np.float32)
    times = []
    for _ in range(6):
        started = time.perf_counter()
        model.train_on_batch(patches, patches)
        times.append(time.perf_counter() - started)
    return min(times[1:])
