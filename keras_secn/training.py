"""Training one network on patches: recipe, compile, fit, checkpoints and resume."""

import dataclasses
import functools
import importlib.util
import math
import pathlib
import sys

import keras

from . import hosts
from .allocator import keep_freed_memory
from .checkpoints import CheckpointKeeper, has_checkpoint, load_checkpoint, steps_done
from .data import InputWait, PatchDataset
from .degradation import DEGRADATIONS, Degradation
from .errors import UserError
from .files import atomic_path
from .fused_upsampler import train_fused
from .interruption import StopRequest
from .loading import load_checked
from .losses import PENALTIES, losses_of, supervised
from .optimizers import AdjustableClippingSGD
from .strategy import local_scope, precision_scope, require_shares, strategy_scope
from .taught_patches import TaughtPatches
from .winograd import train_by_winograd

SCHEDULES = ("cosine", "halving", "constant")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Args:
        steps: optimizer steps; rounded up to whole `interval`s.
        learning_rate: Adam's peak learning rate (the paper: 1e-4).
        schedule: "cosine" (to 2 % of the peak), "halving" every quarter of the steps (the paper
            halves every 100 epochs) or "constant".
        warmup: steps over which the learning rate rises from 0 (not for "halving").
        batch_size: patches per step, over all devices together (the paper: 16).
        hr_patch: patch size in HR pixels (the paper: 192).
        clipnorm: bound on the gradient's global norm, in grey levels of the L1 loss; 0 for none.
        ema: momentum of the moving average of the weights, which is what is kept; 0 for none.
            Short trainings use less, so that the average spans a twentieth of the steps; a quarter
            at a constant rate, whose noise the average alone takes away.
        seed: of the weights and of the patches.
        precision: "float32" or "mixed_bfloat16".
        winograd: see `keras_secn.winograd`; for "float32" on TensorFlow and a CPU.
        interval: steps between validations and checkpoints.
        patience: stop after so many validations without a better PSNR; 0 to use all steps.
        loss: "l1", "l2" or "charbonnier"; see `keras_secn.losses.PictureLoss`.
        luminance_share: of luminance in the loss, 0 (the paper) to 1; networks that leave colours
            to bicubic have 1.
        momentum: SGD with this momentum in place of Adam (VDSR, SRCNN: 0.9); 0 for Adam.
        theta: VDSR's bound on a weight's step, for SGD: gradients are clipped to
            +-theta / learning rate; 0 for none.
        degradation: a `keras_secn.degradation.Degradation`: how LR patches come to be.

    Raises:
        UserError: a value is out of range.
    """

    steps: int
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    warmup: int = 300
    batch_size: int = 16
    hr_patch: int = 48
    clipnorm: float = 0.0
    ema: float = 0.999
    seed: int = 0
    precision: str = "float32"
    winograd: bool = False
    interval: int = 500
    patience: int = 0
    loss: str = "l1"
    luminance_share: float = 0.0
    momentum: float = 0.0
    theta: float = 0.0
    degradation: Degradation = DEGRADATIONS["none"]

    def __post_init__(self):
        if self.loss not in PENALTIES:
            raise UserError(f"unknown loss {self.loss!r}; known: {', '.join(PENALTIES)}")
        if self.theta and not self.momentum:
            raise UserError("theta bounds the steps of SGD: it needs a momentum")
        if self.winograd and self.precision != "float32":
            raise UserError(f"winograd is for the precision float32, not {self.precision}")
        if self.schedule not in SCHEDULES:
            raise UserError(f"unknown schedule {self.schedule!r}; known: {', '.join(SCHEDULES)}")
        for name in ("steps", "learning_rate", "batch_size", "hr_patch", "interval"):
            if not getattr(self, name) > 0:
                raise UserError(f"{name} must be above 0, not {getattr(self, name)}")
        if not 0 <= self.luminance_share <= 1:
            raise UserError(f"luminance_share must be 0 to 1, not {self.luminance_share}")
        if not 0 <= self.ema < 1:
            raise UserError(f"ema must be at least 0 and below 1, not {self.ema}")

    @property
    def epochs(self):
        return math.ceil(self.steps / self.interval)

    @property
    def steps_per_epoch(self):
        return math.ceil(self.steps / self.epochs)

    @property
    def total_steps(self):
        return self.epochs * self.steps_per_epoch

    def optimizer(self):
        """Adam, or SGD, with the recipe's schedule, clipping and moving average."""
        steps = self.total_steps
        schedules = keras.optimizers.schedules
        rate = self.learning_rate
        constant = self.schedule == "constant"
        if self.schedule == "halving":
            rate = schedules.ExponentialDecay(rate, max(1, steps // 4), 0.5, staircase=True)
        else:
            warmup = min(self.warmup, steps // 10)
            rate = schedules.CosineDecay(
                0.0 if warmup else rate,
                decay_steps=steps - warmup,
                alpha=1.0 if constant else 0.02,
                warmup_target=rate if warmup else None,
                warmup_steps=warmup,
            )
        options = {
            "global_clipnorm": self.clipnorm or None,
            "use_ema": self.ema > 0,
            "ema_momentum": min(self.ema, max(0.0, 1 - (4 if constant else 20) / steps)),
        }
        if self.theta:
            return AdjustableClippingSGD(rate, self.theta, momentum=self.momentum, **options)
        if self.momentum:
            return keras.optimizers.SGD(rate, self.momentum, **options)
        return keras.optimizers.Adam(rate, **options)


def compile_model(model, recipe):
    """Gives a model of `supervised` the recipe's loss, in grey levels, and its optimizer."""
    # XLA doubles the step time of these networks on a CPU, and TensorFlow runs there by default
    jit = keras.backend.backend() != "tensorflow"
    loss, weights = losses_of(model, recipe.loss, recipe.luminance_share)
    model.compile(recipe.optimizer(), loss=loss, loss_weights=weights, jit_compile=jit)


class FurtherTraining(keras.callbacks.Callback):
    """Starts a training with the weights of a trained network of the same shape.

    Args:
        source: the trained network.

    Raises:
        UserError: the two networks differ.
    """

    def __init__(self, source):
        super().__init__()
        self.source = source

    def on_train_begin(self, logs=None):
        shapes = [[tuple(w.shape) for w in m.weights] for m in (self.source, self.model)]
        if shapes[0] != shapes[1]:
            raise UserError(f"{self.source.name} is another network than the one to train")
        self.model.set_weights(self.source.get_weights())


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
    """Trains the network that `build()` makes, or goes on where an earlier call was cut off.

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
        start: a Keras callback that gives the fresh network its weights on_train_begin, such as
            `CascadeReplacement`; left out on resume.
        teacher, teacher_share: a network to learn from, see `TaughtPatches`.
        validate: function of a Keras model that returns a dictionary of numbers, `val_psnr` first
            among them.
        strategy: what `keras_secn.strategy.pick_strategy` returned.
        bar: a `keras_secn.progress.RunBar`.

    Returns:
        The trained float32 network.

    Raises:
        UserError: the checkpoints are damaged or belong to another network.
        Stopped: SIGTERM or Ctrl-C came, and the state is saved.
    """
    keep_freed_memory()
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    require_shares(recipe.batch_size, strategy)
    finished = (folder / "model.keras").exists()
    hosts.require_equal(int(finished), "the networks they find finished")
    if finished:
        try:
            with local_scope():
                finished = load_checked(folder / "model.keras")
        except UserError as error:
            if not has_checkpoint(folder):
                raise
            print(f"warning: {error}; made again from the last checkpoint", file=sys.stderr)
        else:
            if bar:
                bar.skip(recipe.total_steps)
            return finished

    keras.utils.set_random_seed(recipe.seed)
    with strategy_scope(strategy):
        with precision_scope("float32"), local_scope():
            averaged = build()
        with precision_scope(recipe.precision):
            keras.utils.set_random_seed(recipe.seed)
            model = supervised(build())
        compile_model(model, recipe)
        checkpoint = load_checkpoint(folder, model)
        model = checkpoint.model
        if recipe.winograd:
            train_by_winograd(model)
            if teacher:
                train_by_winograd(teacher)
        # afterwards: it takes two convolutions' work from them
        train_fused(model)
    hosts.require_equal(steps_done(model), "the checkpoint they find")

    patches = PatchDataset
    if teacher:
        patches = functools.partial(TaughtPatches, teacher=teacher, share=teacher_share)

    def fit(epoch, epochs, steps):
        start_step, ends = keeper.step, keeper.step + steps * (epochs - epoch)
        data = patches(
            cache,
            batch_size=recipe.batch_size,
            hr_patch=recipe.hr_patch,
            seed=recipe.seed,
            start_step=start_step,
            steps=ends - start_step,
            shard=(hosts.index(), hosts.count()),
            degradation=recipe.degradation,
        )
        callbacks = [InputWait(data), keeper]
        if start and not start_step:
            callbacks.insert(0, start)
        if bar:
            callbacks.append(bar(folder.name))
        tensorboard = all(map(importlib.util.find_spec, ("tensorflow", "tensorboard")))
        if tensorboard and hosts.is_first():
            # Keras writes TensorBoard's files with TensorFlow, whatever the backend
            callbacks.append(keras.callbacks.TensorBoard(folder, write_graph=False))
        model.fit(
            data,
            epochs=epochs,
            initial_epoch=epoch,
            steps_per_epoch=steps,
            callbacks=callbacks,
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
    if hosts.is_first():
        with atomic_path(folder / "model.keras") as path, local_scope():
            averaged.save(path)
    return averaged
