"""Training one network on patches: recipe, compile, fit, checkpoints and resume."""

import csv
import dataclasses
import importlib.util
import json
import math
import pathlib
import time

import keras

from .data import InputWait, PatchDataset
from .errors import UserError
from .files import atomic_path
from .losses import PENALTIES, losses_of, supervised
from .optimizers import AdjustableClippingSGD
from .strategy import precision_scope, strategy_scope

SCHEDULES = ("cosine", "halving", "constant")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Args:
        steps: optimizer steps; rounded up to whole `interval`s.
        learning_rate: Adam's peak learning rate (the paper: 1e-4).
        schedule: "cosine" (to 2 % of the peak), "halving" every quarter of the steps (the paper
            halves every 100 epochs) or "constant".
        warmup: steps over which the learning rate rises from 0 ("cosine" only).
        batch_size: patches per step, over all devices together (the paper: 16).
        hr_patch: patch size in HR pixels (the paper: 192).
        clipnorm: bound on the gradient's global norm, in grey levels of the L1 loss; 0 for none.
        ema: momentum of the moving average of the weights, which is what is kept; 0 for none.
            Short trainings use less, so that the average spans a twentieth of the steps.
        seed: of the weights and of the patches.
        precision: "float32" or "mixed_bfloat16".
        interval: steps between validations and checkpoints.
        patience: stop after so many validations without a better PSNR; 0 to use all steps.
        loss: "l1", "l2" or "charbonnier"; see `keras_secn.losses.PictureLoss`.
        on_luminance: compare luminance only, for networks that leave colours to bicubic.
        momentum: SGD with this momentum in place of Adam (VDSR, SRCNN: 0.9); 0 for Adam.
        theta: VDSR's bound on a weight's step, for SGD: gradients are clipped to
            +-theta / learning rate; 0 for none.

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
    interval: int = 500
    patience: int = 0
    loss: str = "l1"
    on_luminance: bool = False
    momentum: float = 0.0
    theta: float = 0.0

    def __post_init__(self):
        if self.loss not in PENALTIES:
            raise UserError(f"unknown loss {self.loss!r}; known: {', '.join(PENALTIES)}")
        if self.theta and not self.momentum:
            raise UserError("theta bounds the steps of SGD: it needs a momentum")
        if self.schedule not in SCHEDULES:
            raise UserError(f"unknown schedule {self.schedule!r}; known: {', '.join(SCHEDULES)}")
        for name in ("steps", "learning_rate", "batch_size", "hr_patch", "interval"):
            if not getattr(self, name) > 0:
                raise UserError(f"{name} must be above 0, not {getattr(self, name)}")
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
        if self.schedule == "cosine":
            warmup = min(self.warmup, steps // 10)
            rate = schedules.CosineDecay(
                0.0 if warmup else rate,
                decay_steps=steps - warmup,
                alpha=0.02,
                warmup_target=rate if warmup else None,
                warmup_steps=warmup,
            )
        elif self.schedule == "halving":
            rate = schedules.ExponentialDecay(rate, max(1, steps // 4), 0.5, staircase=True)
        options = {
            "global_clipnorm": self.clipnorm or None,
            "use_ema": self.ema > 0,
            "ema_momentum": min(self.ema, max(0.0, 1 - 20 / steps)),
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
    loss, weights = losses_of(model, recipe.loss, recipe.on_luminance)
    model.compile(recipe.optimizer(), loss=loss, loss_weights=weights, jit_compile=jit)


def train(build, recipe, cache, folder, *, start=None, validate=None, strategy=None, bar=None):
    """Trains the network that `build()` makes, or goes on where an earlier call was cut off.

    Every `recipe.interval` steps the state (weights, moving average, optimizer) is saved under a
    temporary name and renamed, so that a kill at any moment costs at most one interval; batches
    are a function of the step alone, so that the resumed run is the uninterrupted one.

    Args:
        build: makes the network; called under the recipe's precision, and once more in float32.
        recipe: a `Recipe`.
        cache: the `keras_secn.data.PhotoCache` to train on.
        folder: where `checkpoint.keras`, `history.csv` and, at the end, `model.keras` (float32,
            averaged weights, no optimizer) are kept. If `model.keras` is there, nothing is done.
        start: a Keras callback that gives the fresh network its weights on_train_begin, such as
            `CascadeReplacement`; left out on resume.
        validate: function of a Keras model that returns a dictionary of numbers, `val_psnr` first
            among them.
        strategy: what `keras_secn.strategy.pick_strategy` returned.
        bar: a `keras_secn.progress.RunBar`.

    Returns:
        The trained float32 network.

    Raises:
        UserError: a checkpoint is damaged or belongs to another network.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "model.keras").exists():
        if bar:
            bar.skip(recipe.total_steps)
        return load_checked(folder / "model.keras")

    keras.utils.set_random_seed(recipe.seed)
    with strategy_scope(strategy):
        with precision_scope("float32"):
            averaged = build()
        with precision_scope(recipe.precision):
            keras.utils.set_random_seed(recipe.seed)
            model = supervised(build())
        compile_model(model, recipe)
        if (folder / "checkpoint.keras").exists():
            restored = load_checked(folder / "checkpoint.keras")
            if [w.shape for w in restored.weights] != [w.shape for w in model.weights]:
                raise UserError(f"{folder / 'checkpoint.keras'} belongs to another network")
            model = restored
    epoch = int(model.optimizer.iterations) // recipe.steps_per_epoch
    keeper = CheckpointKeeper(folder, averaged, recipe, validate, epoch)
    stopped = keeper.out_of_patience()

    if epoch < recipe.epochs and not stopped:
        data = PatchDataset(
            cache,
            batch_size=recipe.batch_size,
            hr_patch=recipe.hr_patch,
            seed=recipe.seed,
            start_step=epoch * recipe.steps_per_epoch,
            steps=(recipe.epochs - epoch) * recipe.steps_per_epoch,
        )
        callbacks = [InputWait(data), keeper]
        if start and not epoch:
            callbacks.insert(0, start)
        if bar:
            bar.skip(epoch * recipe.steps_per_epoch)
            callbacks.append(bar(folder.name))
        if importlib.util.find_spec("tensorflow"):
            # Keras writes TensorBoard's files with TensorFlow, whatever the backend
            callbacks.append(keras.callbacks.TensorBoard(folder, write_graph=False))
        model.fit(
            data,
            epochs=recipe.epochs,
            initial_epoch=epoch,
            steps_per_epoch=recipe.steps_per_epoch,
            callbacks=callbacks,
            shuffle=False,
            verbose=0,
        )
    keeper.average_into(averaged, model)
    with atomic_path(folder / "model.keras") as path:
        averaged.save(path)
    return averaged


def load_checked(path):
    """Loads a `.keras` file.

    Raises:
        UserError: the file is damaged or not a Keras model.
    """
    try:
        return keras.saving.load_model(path)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(f"{path} cannot be loaded as a Keras model: {reason}") from error


class CheckpointKeeper(keras.callbacks.Callback):
    """At the end of each interval: validates the averaged weights, logs, saves the state."""

    def __init__(self, folder, averaged, recipe, validate, epoch):
        super().__init__()
        self.folder = folder
        self.averaged = averaged
        self.recipe = recipe
        self.validate = validate
        self.rows = []
        if (folder / "history.json").exists():
            # rows that a killed run wrote after its last checkpoint are done again
            rows = json.loads((folder / "history.json").read_text())
            self.rows = [row for row in rows if row["step"] <= epoch * recipe.steps_per_epoch]
        self.started = time.perf_counter()

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs if logs is not None else {}
        trained = time.perf_counter() - self.started
        step = (epoch + 1) * self.recipe.steps_per_epoch
        if self.validate:
            self.average_into(self.averaged, self.model)
            logs.update(self.validate(self.averaged))
        row = {"step": step, "seconds": round(trained, 3)}
        row.update({name: float(value) for name, value in logs.items()})
        row["learning_rate"] = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self.rows.append(row)
        self._write()
        if self.out_of_patience():
            self.model.stop_training = True

    def _write(self):
        # the checkpoint last: rows beyond it are dropped on resume, missing ones could not be made
        with atomic_path(self.folder / "history.json") as path:
            path.write_text(json.dumps(self.rows, indent=1))
        with atomic_path(self.folder / "history.csv") as path, open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, list(self.rows[0]), extrasaction="ignore")
            writer.writeheader()
            writer.writerows(self.rows)
        with atomic_path(self.folder / "checkpoint.keras") as path:
            self.model.save(path)

    def average_into(self, averaged, model):
        """Gives `averaged` the moving average of the weights, or the weights if none is kept."""
        averaged.set_weights(model.get_weights())
        if self.recipe.ema:
            model.optimizer.finalize_variable_values(averaged.trainable_variables)

    def out_of_patience(self):
        scores = [row["val_psnr"] for row in self.rows if "val_psnr" in row]
        if not self.recipe.patience or not scores:
            return False
        return len(scores) - 1 - scores.index(max(scores)) >= self.recipe.patience
