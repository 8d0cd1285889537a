"""What the contract holds for: each layer and each network passes by its line in these lists."""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np

from keras_secn import layers, models
from keras_secn.models.registry import SYSTEMS


@dataclasses.dataclass(frozen=True)
class LayerCase:
    """A layer, how it is made, and what it is given.

    Args:
        name: of the layer's class in `keras_secn`.
        options: of its constructor.
        channels: of its input; several if it takes several inputs.
        without_gradient: ends of the paths of weights that no gradient can reach.
    """

    name: str
    options: dict = dataclasses.field(default_factory=dict)
    channels: tuple = (8,)
    without_gradient: tuple = ()

    def build(self, **options):
        made = getattr(layers, self.name, None) or getattr(models.drcn, self.name)
        return made(**self.options, **options)

    def __str__(self):
        return "-".join([self.name, *map(str, self.options.values())])


LAYERS = [
    *(LayerCase(block.__name__) for block in layers.BLOCKS.values()),
    LayerCase("ResidualBlock", {"residual_scaling": 0.1}),
    # the index of the nearest anchor has no gradient
    LayerCase("AnchoredRegression", {"anchors": 4, "outputs": 9}, (5,), ("correlation/kernel",)),
    LayerCase("BicubicUpsample", {"scale": 3}, (3,)),
    LayerCase("CollapsibleConv2D", {"filters": 8, "activation": "relu", "expansion": 16}),
    LayerCase("CollapsibleConv2D", {"filters": 6, "kernel_size": 5, "expansion": 16}),
    LayerCase("FireExpand", {"filters": 7}),
    LayerCase("Lines", {"axis": 1, "start": 0, "stop": 1}),
    LayerCase("Lines", {"axis": 2, "start": -1, "stop": None}),
    LayerCase("Luminance", {}, (3,)),
    LayerCase("MeanShift", {}, (3,)),
    LayerCase("MeanShift", {"inverse": True, "mean": (0.1, 0.2, 0.3)}, (3,)),
    LayerCase("OverlapMean", {"side": 6, "step": 2}, (36,)),
    LayerCase("PadEdges", {"width": 3}),
    LayerCase("PixelShuffle", {"block_size": 2}, (12,)),
    LayerCase("SqueezeExcite", {"reduction": 4}),
    LayerCase("SqueezeExcite", {"reduction": 4, "window": 3}),
    LayerCase("Supervise", {"weight": 0.5, "shrink": 2}, (3,)),
    LayerCase("WeightedMean", {}, (1, 1, 1)),
    LayerCase("WithLuminance", {}, (3, 1)),
]


@dataclasses.dataclass(frozen=True)
class NetworkCase:
    """A network, tiny.

    Args:
        name: of the case.
        factory: of the network in `keras_secn.models`.
        make: function of the scale.
        scales: that it enlarges by.
        without_gradient: a pattern of the paths of weights that no gradient can reach.
    """

    name: str
    factory: str
    make: Callable
    scales: tuple = (2, 3, 4)
    without_gradient: str = "^$"

    def build(self, scale=2):
        keras.utils.set_random_seed(0)
        return self.make(scale)

    def __str__(self):
        return self.name


# a norm takes away what the bias in front of it adds
BEFORE_NORM = r"(block_\d+_[12]|body)/bias$"
WITHOUT_GRADIENT = {"aplus": "correlation/kernel$", "srresnet": BEFORE_NORM}


def _of_the_registry(name, entry):
    return NetworkCase(
        name,
        entry.factory,
        lambda scale: entry.build(scale, **entry.small),
        (2, 4) if name == "lapsrn" else (2, 3, 4),
        WITHOUT_GRADIENT.get(name, "^$"),
    )


NETWORKS = [
    *(_of_the_registry(name, entry) for name, entry in SYSTEMS.items()),
    NetworkCase(
        "every_block",
        "build_network",
        lambda scale: models.build_network(list(layers.BLOCKS), scale, 8, residual_scaling=0.5),
    ),
    NetworkCase(
        "local_means",
        "build_secn",
        lambda scale: layers.set_pooling(models.build_secn(scale, blocks=1, filters=8), 4),
    ),
    NetworkCase(
        "edsr_mobile",
        "build_edsr_mobile",
        lambda scale: models.build_edsr_mobile(scale, filters=8, blocks=1),
    ),
    NetworkCase(
        "pocket_secn",
        "build_pocket_secn",
        lambda scale: models.build_pocket_secn("s", scale, gate=True),
    ),
    NetworkCase(
        "pocket_secn_folded",
        "build_pocket_secn",
        lambda scale: models.build_pocket_secn("s", scale, collapsible=False),
    ),
]


def pictures(*size, channels=3, seed=0):
    """Two bright pictures: brighter than the mean that networks subtract."""
    rng = np.random.default_rng(seed)
    return rng.uniform(150, 255, (2, *size, channels)).astype("float32")


def silent_weights(model, inputs):
    """Paths of the trainable weights that no training step moves.

    Tried with small positive weights, where every ReLU is open; with smaller ones, where no
    sigmoid saturates; and with such of both signs, for slopes of negative values.
    """
    silent = {weight.path for weight in model.trainable_variables}
    for size, of_both_signs in ((0.2, False), (0.02, False), (1.0, True)):
        _set_small(model.trainable_variables, size, of_both_signs)
        silent -= _moved(model, inputs)
        if not silent:
            break
    return silent


def _set_small(weights, size, of_both_signs):
    rng = np.random.default_rng(0)
    for weight in weights:
        value = size * np.abs(keras.ops.convert_to_numpy(weight)) + size / 100
        weight.assign(value * rng.choice([-1, 1], value.shape) if of_both_signs else value)


def _moved(model, inputs):
    """Paths of the weights that one step toward other pictures moves."""
    # Adam without its epsilon: a weight moves however small its gradient is
    optimizer = keras.optimizers.Adam(0.01, epsilon=1e-30)
    eager = keras.backend.backend() == "tensorflow"  # tracing takes longer than the step
    model.compile(optimizer, "mse", run_eagerly=eager, jit_compile=False)
    before = [keras.ops.convert_to_numpy(w).copy() for w in model.trainable_variables]
    outputs = keras.ops.convert_to_numpy(model(inputs))
    model.train_on_batch(inputs, outputs + np.random.default_rng(1).normal(size=outputs.shape))
    after = [keras.ops.convert_to_numpy(w) for w in model.trainable_variables]
    assert all(np.isfinite(w).all() for w in after)
    return {
        weight.path
        for weight, old, new in zip(model.trainable_variables, before, after, strict=True)
        if not np.array_equal(old, new)
    }
