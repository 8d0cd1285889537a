"""Weights from one stage of the cascade to the next; initialization of replaced blocks."""

import keras
import numpy as np

from keras_secn.cascade.factorize import compose, separate_by_least_squares, separate_by_svd
from keras_secn.layers.blocks import SeparableSEBlock, SEResidualBlock
from keras_secn.models.edsr_trunk import block_layers
from keras_secn.utils.errors import UserError, require_known
from keras_secn.utils.local_scope import local_scope

INITIALIZERS = ("random", "svd", "lstsq")  # of the cascade; "compose" is the inverse


def transfer_weights(
    source: keras.Model,
    target: keras.Model,
    initializer: str = "random",
    calibration: np.ndarray | None = None,
) -> list[int]:
    """Copies a network's weights into one in which some blocks are of another kind.

    Head, body, upsampler, tail and the blocks of the same kind are copied, and of replaced blocks
    the weights of the same name and shape (squeeze-and-excitation). `initializer` sets the others.

    Args:
        source: the trained network.
        target: a network of the same skeleton; its weights are overwritten.
        initializer: "random" keeps the target's initial weights (the paper); for separable blocks,
            "svd" sets the nearest separable kernel, "lstsq" the separable convolution whose output
            on `calibration` is nearest. "compose" is the inverse: SECN's blocks compute what the
            source's separable blocks do, such as CT-SECN_12 from CT-SECN_16.
        calibration: (B, H, W, 3) LR patches in 0..255, needed by "lstsq".

    Returns:
        The indices of the replaced blocks.

    Raises:
        UserError: the skeletons differ, or the initializer does not know the kind of block.
    """
    require_known(initializer, [*INITIALIZERS, "compose"], "initializer")
    old_blocks, new_blocks = block_layers(source), block_layers(target)
    if len(old_blocks) != len(new_blocks):
        raise UserError(f"{len(old_blocks)} blocks do not fit a network of {len(new_blocks)}")

    old_layers = {layer.name: layer for layer in source.layers}
    for layer in target.layers:
        if not layer.weights or layer in new_blocks:
            continue
        if layer.name not in old_layers:
            raise UserError(f"{source.name} has no layer {layer.name!r}: another skeleton")
        try:
            layer.set_weights(old_layers[layer.name].get_weights())
        except ValueError as error:
            raise UserError(f"layer {layer.name!r} differs in shape: {error}") from None
    replaced = []
    for index, (old, new) in enumerate(zip(old_blocks, new_blocks, strict=True)):
        if type(new) is type(old):
            new.set_weights(old.get_weights())
        else:
            replaced.append(index)
            _copy_same_names(old, new)

    if initializer == "compose":
        for index in replaced:
            _compose(old_blocks[index], new_blocks[index])
    elif initializer != "random":
        inputs = [None] * len(replaced)
        if replaced and initializer == "lstsq":
            if calibration is None:
                raise UserError("initializer 'lstsq' needs calibration patches")
            # all at once, since `predict` compiles each new model
            seen = {str(index): old_blocks[index].input for index in replaced}
            with local_scope():  # the source is on one device
                seen = keras.Model(source.input, seen).predict(calibration, verbose=0)
            inputs = [np.asarray(seen[str(index)]) for index in replaced]
        for index, maps in zip(replaced, inputs, strict=True):
            _fit_separable(old_blocks[index], new_blocks[index], maps)
    return replaced


def _copy_same_names(old_block, new_block):
    old = {weight.path.split("/", 1)[1]: weight for weight in old_block.weights}
    for weight in new_block.weights:
        match = old.get(weight.path.split("/", 1)[1])
        if match is not None and match.shape == weight.shape:
            # a copy: on JAX, two variables of one buffer lose it when `predict` donates the first's
            weight.assign(np.array(match))


def require_separable(branch):
    """Refuses blocks, listed by their layers, that "svd" and "lstsq" cannot initialize.

    They must begin with two pairs of depthwise and pointwise convolutions, linear within a pair.
    """
    names = [layer.name for layer in branch[:4]]
    linear = [getattr(layer, "activation", None) is keras.activations.linear for layer in branch]
    if names != ["depthwise_1", "pointwise_1", "depthwise_2", "pointwise_2"] or not (
        linear[0] and linear[2]
    ):
        raise UserError("initializers svd and lstsq know separable blocks only; use 'random'")


def _fit_separable(old_block, new_block, inputs):
    """By least squares on the feature maps `inputs`, or by SVD if there are none."""
    require_separable(new_block.branch)
    for part in (1, 2):
        kernel, bias = (np.array(w) for w in getattr(old_block, f"conv_{part}").get_weights())
        depthwise = getattr(new_block, f"depthwise_{part}")
        pointwise = getattr(new_block, f"pointwise_{part}")
        if inputs is None:
            weights = separate_by_svd(kernel, bias)
        else:
            weights = separate_by_least_squares(kernel, bias, inputs)
        depthwise.set_weights(weights[:2])
        pointwise.set_weights(weights[2:])
        if inputs is not None:
            # the second convolution's inputs include the errors of the first
            inputs = keras.ops.convert_to_numpy(pointwise(depthwise(inputs)))


def _compose(old_block, new_block):
    if (type(old_block), type(new_block)) != (SeparableSEBlock, SEResidualBlock):
        raise UserError("initializer compose makes SECN's blocks of separable ones, no others")
    for part in (1, 2):
        layers = (getattr(old_block, f"{name}_{part}") for name in ("depthwise", "pointwise"))
        weights = [np.array(weight) for layer in layers for weight in layer.get_weights()]
        getattr(new_block, f"conv_{part}").set_weights(compose(*weights))


class CascadeReplacement(keras.callbacks.Callback):
    """Copies the previous stage's weights into the model when its training begins.

    Args:
        source: the network of the previous stage.
        initializer, calibration: see `transfer_weights`.

    Raises:
        UserError: an unknown initializer.
    """

    def __init__(
        self,
        source: keras.Model,
        initializer: str = "random",
        calibration: np.ndarray | None = None,
    ) -> None:
        require_known(initializer, [*INITIALIZERS, "compose"], "initializer")
        super().__init__()
        self.source = source
        self.initializer = initializer
        self.calibration = calibration
        self.replaced = None

    def on_train_begin(self, logs=None):
        self.replaced = transfer_weights(
            self.source, self.model, self.initializer, self.calibration
        )
