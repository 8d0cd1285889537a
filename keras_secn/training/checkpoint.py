"""Checkpoints of a training: atomic, exact to the step, with the previous one as a backup.

A checkpoint is a `.keras` file (weights, EMA, optimizer) with one more member, `training.json`: the
history and the state of the current interval. Keras' `BackupAndRestore` writes two files and
resumes at the start of an epoch; its `SwapEMAWeights` does not update batch statistics.
"""

import csv
import json
import os
import time
import zipfile
from typing import NamedTuple

import keras

from keras_secn.presets.keras_file import STATE, load_checked
from keras_secn.training import losses as losses  # registers what checkpoints are compiled with
from keras_secn.training import multihost
from keras_secn.training import optimizers as optimizers  # likewise
from keras_secn.training.batch_statistics import recompute_statistics
from keras_secn.training.checkpoint_state import read_state
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import Stopped, UserError
from keras_secn.utils.json_file import write_json
from keras_secn.utils.local_scope import local_scope
from keras_secn.utils.printable import warn

CURRENT, PREVIOUS = "checkpoint.keras", "checkpoint.previous.keras"


class Checkpoint(NamedTuple):
    """A compiled model, and the state and name of its file: empty and None for a fresh model."""

    model: keras.Model
    state: dict
    name: str | None

    @property
    def step(self):
        """Optimizer steps done, also where each device has its own counter."""
        counter = keras.ops.convert_to_tensor(self.model.optimizer.iterations)
        return int(keras.ops.convert_to_numpy(counter))


def has_checkpoint(folder):
    return any((folder / name).exists() for name in (CURRENT, PREVIOUS))


def load_checkpoint(folder, fresh):
    """The newest checkpoint in `folder` that is whole, or `fresh`, a compiled model, without any.

    Raises:
        UserError: all are damaged, or belong to another network.
    """
    refusals = []
    for name in (CURRENT, PREVIOUS):
        path = folder / name
        if not path.exists():
            continue
        try:
            model = load_checked(path, compile=True)
            state = read_state(path)
        except UserError as error:
            refusals.append(str(error))
            continue
        if [w.shape for w in model.weights] != [w.shape for w in fresh.weights]:
            raise UserError(f"{path} belongs to another network")
        found = Checkpoint(model, state, name)
        if refusals:
            warn(f"{refusals[0]}; going on from step {found.step} of {name}")
        return found
    if refusals:
        raise UserError(f"{refusals[0]}; without {folder} the network starts anew")
    return Checkpoint(fresh, {}, None)


class CheckpointKeeper(keras.callbacks.Callback):
    """At the end of each interval: saves the state, validates the averaged weights, logs.

    A stop that is asked for within an interval saves the state of that very step. The float32 model
    `averaged` is given the averaged weights. The model of `checkpoint` is saved, whichever model of
    its variables is trained.
    """

    def __init__(self, folder, averaged, recipe, validate, stop, checkpoint, cache):
        super().__init__()
        self.folder = folder
        self.averaged = averaged
        self.recipe = recipe
        self.validate = validate
        self.stop = stop
        self.step = checkpoint.step  # optimizer steps done
        # the history, one dictionary per interval
        self.rows = [row for row in checkpoint.state.get("rows", []) if row["step"] <= self.step]
        # a damaged checkpoint must not take the place of the good one that was loaded
        self._rotate = checkpoint.name == CURRENT
        self._seconds = checkpoint.state.get("seconds", 0.0)
        self._metrics = checkpoint.state.get("metrics", [])
        self._raw = None
        self._network = checkpoint.model
        self._cache = cache
        if checkpoint.state.get("photographs", cache.identity) != cache.identity:
            warn(
                f"the photographs have changed since step {self.step} of {folder.name};"
                " going on with what is there now"
            )
        if "logs" in checkpoint.state:
            # stopped between the end of an interval and its validation
            self._finish(checkpoint.model, checkpoint.state["logs"])

    @property
    def network(self):
        """The network of the checkpoints, as it is after the last step."""
        _ = self.model  # on JAX, Keras writes the variables back when a callback asks for it
        return self._network

    @property
    def steps_left(self):
        """Steps that are left of an interval that was cut in two; 0 at an interval's end."""
        return -self.step % self.recipe.steps_per_epoch

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.perf_counter()
        self._first = self.step
        # the loss of an interval is the mean over all of it, whenever it was trained
        for variable, value in zip(self.model.metrics_variables, self._metrics, strict=False):
            variable.assign(value)
        self._metrics = []

    def on_train_batch_end(self, batch, logs=None):
        self.step = self._first + batch + 1
        number = self.stop.wanted(self.step) if self.steps_left else 0
        if number:
            metrics = [keras.ops.convert_to_numpy(v).tolist() for v in self.model.metrics_variables]
            self._save(self.network, {"metrics": metrics, "seconds": self._elapsed()})
            raise Stopped(number, self._stopped(), agreed=True)

    def on_epoch_end(self, epoch, logs=None):
        logs = logs if logs is not None else {}
        kept = {name: float(value) for name, value in logs.items()}  # waits for the device
        self._seconds = self._elapsed()
        self._save(self.network, {"logs": kept, "seconds": self._seconds})
        logs.update(self._finish(self.network, kept))
        if self._first % self.recipe.steps_per_epoch:
            self._raw = [keras.ops.convert_to_numpy(v) for v in self.network.trainable_variables]
        if self.out_of_patience():
            self.model.stop_training = True

    def restore_raw(self, model):
        """Restores the weights, which `fit` replaces by their EMA at its end."""
        for variable, value in zip(model.trainable_variables, self._raw, strict=True):
            variable.assign(value)

    def average_into(self, averaged, model):
        """Copies the EMA of the weights into `averaged`, or the weights if there is no EMA."""
        averaged.set_weights(model.get_weights())
        if self.recipe.ema:
            model.optimizer.finalize_variable_values(averaged.trainable_variables)
            # by way of NumPy: on JAX they would still live on all the devices of `model`
            averaged.set_weights(averaged.get_weights())
            with local_scope():
                recompute_statistics(averaged, self._cache, self.recipe)

    def out_of_patience(self):
        scores = [row["val_psnr"] for row in self.rows if "val_psnr" in row]
        if not self.recipe.patience or not scores:
            return False
        # processes on different hardware may see the last digits of a score otherwise
        worse = len(scores) - 1 - scores.index(max(scores))
        return multihost.largest(worse) >= self.recipe.patience

    def _elapsed(self):
        return self._seconds + time.perf_counter() - self._started

    def _stopped(self):
        return f"stopped at step {self.step} of {self.folder.name}; the same command resumes there"

    def _finish(self, model, logs):
        """Validates what was saved, adds the interval to the history and returns the scores."""
        scores = {}
        with self.stop.at_once(self._stopped()):
            if self.validate:
                self.average_into(self.averaged, model)
                with local_scope():
                    scores = {name: float(v) for name, v in self.validate(self.averaged).items()}
        rate = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
        row = {"step": self.step, "seconds": round(self._seconds, 3)}
        self.rows.append({**row, **logs, **scores, "learning_rate": rate})
        self._seconds = 0.0
        if multihost.is_first():
            self._write_history()
        return scores

    def _write_history(self):
        write_json(self.rows, self.folder / "history.json")
        with atomic_path(self.folder / "history.csv") as path, open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, list(self.rows[0]), extrasaction="ignore")
            writer.writeheader()
            writer.writerows(self.rows)

    def _save(self, model, interval):
        if not multihost.is_first():
            return
        state = {"rows": self.rows, "photographs": self._cache.identity}
        with atomic_path(self.folder / CURRENT) as path:
            with local_scope():  # saving makes variables, which one process cannot do for all
                model.save(path)
            with zipfile.ZipFile(path, "a") as archive:
                archive.writestr(STATE, json.dumps({**state, **interval}))
            if self._rotate:
                os.replace(self.folder / CURRENT, self.folder / PREVIOUS)
        self._rotate = True
