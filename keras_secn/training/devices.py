"""Devices, distribution and precision of a training."""

import contextlib

import keras

from keras_secn.training import multihost
from keras_secn.utils.errors import UserError, require_known

STRATEGIES = ("single", "mirrored", "multihost", "auto")


def pick_strategy(name="single", logical_devices=0):
    """Chooses the devices to train on. Call it before anything else touches the backend.

    Args:
        name: "single" (the backend's default device), "mirrored" (every device holds the network
            and takes an equal share of each batch), "multihost" (the same over all devices of
            several processes, see `training.multihost`) or "auto" (mirrored if there are several).
        logical_devices: splits the CPU into so many devices, to try "mirrored" without several.

    Returns:
        `None` for a single device, `tf.distribute.MirroredStrategy` on TensorFlow; on JAX the
        `keras.distribution.DataParallel` that has been made Keras' global distribution.

    Raises:
        UserError: an unknown name, fewer than two devices for "mirrored", or no launcher and no
            JAX for "multihost".
    """
    require_known(name, STRATEGIES, "strategy")
    if name == "single":
        return None
    if name == "multihost":
        if logical_devices:
            _split_cpu(logical_devices)
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
    """Names of this machine's GPUs, or of its CPU, split into `logical_devices` if not 0."""
    if logical_devices:
        _split_cpu(logical_devices)
    return keras.distribution.list_devices()


def _split_cpu(number):
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        (cpu,) = tf.config.list_physical_devices("CPU")
        parts = [tf.config.LogicalDeviceConfiguration()] * number
        tf.config.set_logical_device_configuration(cpu, parts)
    else:
        import jax

        jax.config.update("jax_num_cpu_devices", number)


def has_accelerator():
    """Whether Keras computes elsewhere than on CPUs."""
    if keras.backend.backend() == "torch":
        import torch  # Keras lists no devices there

        return torch.cuda.is_available()
    return not all("cpu" in name.lower() for name in list_devices())


def compiles_steps():
    """Whether XLA is to compile a step.

    On CPUs TensorFlow's own step of these networks takes half of the time.
    """
    return keras.backend.backend() != "tensorflow" or has_accelerator()


def strategy_scope(strategy):
    """A context in which variables are made on all devices of `strategy` (or of none)."""
    return strategy.scope() if hasattr(strategy, "scope") else contextlib.nullcontext()


def require_shares(batch_size, strategy):
    """Raises a `UserError` if a batch cannot be shared out evenly among the devices."""
    devices = getattr(strategy, "num_replicas_in_sync", None) or getattr(
        strategy, "num_model_replicas", 1
    )
    if batch_size % devices:
        raise UserError(f"batch_size {batch_size} cannot be shared by {devices} devices")
