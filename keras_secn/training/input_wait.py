"""Measures the share of time in which training steps wait for their batch."""

import time

import keras


class InputWait(keras.callbacks.Callback):
    """Measures the share of training time that steps spend waiting for their batch.

    The dataset notes when each batch was complete, this callback when each step began; a step
    waited if it began first. At the end of each epoch `input_wait` (0..1) joins the logs; callbacks
    that follow this one in the list see it. The first step of each `fit` compiles and starts the
    input, and is not counted. A GPU may be busy with earlier steps meanwhile: there it is the most
    that it can have waited. `share` is that over all epochs so far.
    """

    def __init__(self, dataset):
        super().__init__()
        self.dataset = dataset
        self._waited = self._elapsed = 0.0

    @property
    def share(self):
        return self._waited / self._elapsed if self._elapsed else 0.0

    def on_train_begin(self, logs=None):
        self._waited = self._elapsed = 0.0
        self._batches = 0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_waited = 0.0
        self._epoch_began = self._step_ended = time.perf_counter()

    def on_train_batch_begin(self, batch, logs=None):
        self._step_began = time.perf_counter()
        self._first = batch

    def on_train_batch_end(self, batch, logs=None):
        self._step_ended = time.perf_counter()
        first, times = self._batches, self.dataset.ready_times
        self._batches += batch - self._first + 1  # more than one with steps_per_execution
        if self._batches - 1 not in times:
            raise RuntimeError("batches came out of order: call fit with shuffle=False")
        # on JAX the step itself asks for batches, on a GPU for the next step's
        last = max(times) if keras.backend.backend() == "jax" else self._batches - 1
        ready = times[last]
        for index in range(first, self._batches):
            times.pop(index, None)
        if first == 0:
            self._epoch_began = self._step_ended
        else:
            self._epoch_waited += max(0.0, ready - self._step_began)

    def on_epoch_end(self, epoch, logs=None):
        # up to the last step: validation is no training time
        elapsed = self._step_ended - self._epoch_began
        self._waited += self._epoch_waited
        self._elapsed += elapsed
        if logs is not None:
            logs["input_wait"] = self._epoch_waited / elapsed if elapsed else 0.0
