"""`train`: one network on patches, with checkpoints and resume."""

import importlib.util
import os
import pathlib

import keras

from keras_secn.layers.blocks import SeparableSEBlock
from keras_secn.models.edsr_trunk import block_layers, scale_of
from keras_secn.models.other_scale import start_from_other_scale
from keras_secn.presets.keras_file import load_checked
from keras_secn.rewrite.fuse_upsampler import fuse_for_training
from keras_secn.training import devices, multihost
from keras_secn.training.checkpoint import CheckpointKeeper, has_checkpoint, load_checkpoint
from keras_secn.training.distillation import TaughtPatches
from keras_secn.training.input_wait import InputWait
from keras_secn.training.interruption import StopRequest
from keras_secn.training.losses import losses_of, supervised
from keras_secn.training.several_steps import in_one_call, steps_at_once
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError
from keras_secn.utils.local_scope import local_scope
from keras_secn.utils.precision_scope import precision_scope
from keras_secn.utils.printable import warn

PROCESSES = min(8, os.cpu_count() or 1)  # that make a GPU's batches


def compile_model(model, recipe, optimizer=None, at_once=1):
    """Gives a model of `supervised` the recipe's loss, in gray levels, and an optimizer.

    Args:
        model: changed in place.
        recipe: a `Recipe`.
        optimizer: one in use; a new one as the recipe says if `None`.
        at_once: steps in one call, see `keras_secn.training.several_steps`.
    """
    loss, weights = losses_of(model, recipe.loss, recipe.luminance_share)
    optimizer = optimizer or recipe.optimizer()
    model.compile(
        optimizer,
        loss=loss,
        loss_weights=weights,
        jit_compile=devices.compiles_steps(),
        steps_per_execution=at_once,
    )


def continue_from(source, model):
    """Gives a network the weights of a trained one, be it of another scale.

    Args:
        source: the trained network.
        model: the network to train.

    Raises:
        UserError: the two networks differ in more than their scale.
    """
    if scale_of(source) != scale_of(model):
        return start_from_other_scale(source, model)
    shapes = [[tuple(weight.shape) for weight in m.weights] for m in (source, model)]
    if shapes[0] != shapes[1]:
        raise UserError(f"{source.name} is another network than the one to train")
    model.set_weights(source.get_weights())


def train(
    build,
    recipe,
    cache,
    folder,
    *,
    start=None,
    teacher=None,
    teacher_share=1.0,
    validate=None,
    strategy=None,
    bar=None,
):
    """Trains the network that `build()` makes, or resumes an interrupted call.

    Every `recipe.interval` steps the state (weights, moving average, optimizer) is saved under a
    temporary name and renamed, so that a kill at any moment costs at most one interval; SIGTERM
    and Ctrl-C save it at once and cost nothing. Batches are a function of the step alone, so that
    the resumed run is the uninterrupted one.

    Args:
        build: makes the network; called under the recipe's precision, and once more in float32.
        recipe: a `Recipe`.
        cache: the `keras_secn.data.PhotoCache` to train on.
        folder: where `checkpoint.keras`, `history.csv` and, at the end, `model.keras` (float32,
            averaged weights, no optimizer) are kept. If `model.keras` is there, nothing is done.
        start: function that gives the fresh network its weights, such as `continue_from` with a
            trained one; left out on resume.
        teacher, teacher_share: a network to learn from, see `TaughtPatches`.
        validate: function of a Keras model that returns a dictionary of numbers, `val_psnr` first
            among them.
        strategy: what `keras_secn.training.devices.pick_strategy` returned.
        bar: a `keras_secn.training.progress.RunBar`.

    Returns:
        The trained float32 network.

    Raises:
        UserError: the checkpoints are damaged or belong to another network.
        Stopped: SIGTERM or Ctrl-C came, and the state is saved.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    devices.require_shares(recipe.batch_size, strategy)
    finished = _finished(folder)
    if finished is not None:
        if bar:
            bar.skip(recipe.total_steps)
        return finished

    with devices.strategy_scope(strategy):
        averaged, model = _networks(build, recipe)
        checkpoint = load_checkpoint(folder, model)
        model, fresh = checkpoint.model, checkpoint.name is None
        if bar and fresh:
            bar.say(f"{folder.name}: {recipe.total_steps:,} steps; the first one takes longest")
        if start and fresh:
            start(model)
        if devices.has_accelerator():
            for block in block_layers(model):
                if isinstance(block, SeparableSEBlock):
                    block.composed = True
        # checkpoints are of `model`; what trains has its layers and optimizer
        trained = in_one_call(fuse_for_training(model))
        compile_model(trained, recipe, model.optimizer)
    multihost.require_equal(checkpoint.step, "the checkpoint they find")
    if bar and validate and start and fresh:
        averaged.set_weights(model.get_weights())
        with local_scope():
            bar.say(f"{folder.name} starts at {validate(averaged)['val_psnr']:.2f} dB")

    taught = {}
    if teacher:
        taught = {"kind": TaughtPatches, "teacher": teacher, "share": teacher_share}
    short_steps = strategy is None and devices.has_accelerator()

    def fit(epoch, epochs, steps):
        at_once = steps_at_once(steps) if short_steps else 1
        if at_once != trained.steps_per_execution:
            compile_model(trained, recipe, model.optimizer, at_once)
        data = recipe.patches(
            cache,
            start_step=keeper.step,
            steps=steps * (epochs - epoch),
            shard=(multihost.index(), multihost.count()),
            dtype="uint8",
            processes=PROCESSES if short_steps else 0,
            **taught,
        )
        trained.fit(
            data,
            epochs=epochs,
            initial_epoch=epoch,
            steps_per_epoch=steps,
            callbacks=[InputWait(data), keeper, *_reports(folder, bar)],
            shuffle=False,
            verbose=0,
        )

    with StopRequest() as stop:
        keeper = CheckpointKeeper(folder, averaged, recipe, validate, stop, checkpoint, cache)
        if bar:
            bar.skip(keeper.step)
        epoch = keeper.step // recipe.steps_per_epoch
        if keeper.steps_left:
            # the rest of an interval that was cut in two, then whole ones
            fit(epoch, epoch + 1, keeper.steps_left)
            keeper.restore_raw(model)
            epoch += 1
        if epoch < recipe.epochs and not keeper.out_of_patience():
            fit(epoch, recipe.epochs, recipe.steps_per_epoch)
    keeper.average_into(averaged, model)
    if multihost.is_first():
        with atomic_path(folder / "model.keras") as path, local_scope():
            averaged.save(path)
    return averaged


def _finished(folder):
    """The network that an earlier call trained to its end, or `None`."""
    path = folder / "model.keras"
    multihost.require_equal(int(path.exists()), "the networks they find finished")
    if not path.exists():
        return None
    try:
        with local_scope():
            return load_checked(path)
    except UserError as error:
        if not has_checkpoint(folder):
            raise
        warn(f"{error}; made again from the last checkpoint")
        return None


def _networks(build, recipe):
    """The network that takes the averaged weights, in float32, and the one that trains."""
    keras.utils.set_random_seed(recipe.seed)
    with precision_scope("float32"), local_scope():
        averaged = build()
    with precision_scope(recipe.precision):
        keras.utils.set_random_seed(recipe.seed)
        model = supervised(build())
    compile_model(model, recipe)
    return averaged, model


def _reports(folder, bar):
    """Callbacks that tell how far the training is."""
    callbacks = [bar(folder.name)] if bar else []
    if multihost.is_first() and all(map(importlib.util.find_spec, ("tensorflow", "tensorboard"))):
        # Keras writes TensorBoard's files with TensorFlow, whatever the backend
        callbacks.append(keras.callbacks.TensorBoard(folder, write_graph=False))
    return callbacks
