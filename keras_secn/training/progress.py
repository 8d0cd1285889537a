"""One progress bar over all steps of a run; `tqdm.keras` has one per stage."""

import sys

import keras
from tqdm import tqdm

from keras_secn.training import multihost
from keras_secn.utils.printable import printable


class StepBar(keras.callbacks.Callback):
    """Moves a shared tqdm bar, and shows the stage and its last validation beside it."""

    def __init__(self, bar, name):
        super().__init__()
        self.bar = bar
        self.name = name

    def on_train_begin(self, logs=None):
        self.bar.set_description(printable(self.name))

    def on_epoch_end(self, epoch, logs=None):
        shown = {"loss": "loss", "val_psnr": "PSNR", "input_wait": "input wait"}
        self.bar.set_postfix(
            {text: f"{logs[key]:.4g}" for key, text in shown.items() if key in (logs or {})}
        )

    def on_epoch_begin(self, epoch, logs=None):
        self._shown = 0

    def on_train_batch_end(self, batch, logs=None):
        self.bar.update(batch + 1 - self._shown)  # several steps in one call
        self._shown = batch + 1


class RunBar:
    """A tqdm bar over the optimizer steps of a run; call it for the callback of each stage."""

    def __init__(self, total):
        self.bar = tqdm(
            total=total,
            unit="step",
            dynamic_ncols=True,
            smoothing=0.05,
            disable=not multihost.is_first(),
        )

    def __call__(self, name):
        return StepBar(self.bar, name)

    def skip(self, steps):
        """Counts steps of an earlier call, which the ETA leaves out."""
        if not self.bar.disable:
            self.bar.initial += steps
        self.bar.update(steps)

    def say(self, text):
        """A line above the bar."""
        if not self.bar.disable:
            self.bar.write(printable(text), file=sys.stderr)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.bar.close()
