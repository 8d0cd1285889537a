"""Batches of patches from processes of their own, ahead of time and in order.

Threads would not do: half a millisecond of a patch that is degraded goes into short calls, during
which Python lets no other thread run.
"""

import contextlib
import os
import pickle
import subprocess
import sys
import weakref

import numpy as np


class PatchProcesses:
    """Makes the batches of consecutive steps from `step` on, each of `count` processes every n-th.

    They end when this object does, or its process. They know neither Keras nor the device.
    """

    def __init__(self, batches, step, count):
        self._batches = batches
        self._first = self._next = step
        # a session of their own: Ctrl-C is for the program alone, which asks for batches on
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "start_new_session": True}
        environment = {**os.environ, "KERAS_SECN_LAZY": "1"}
        command = [sys.executable, "-m", __name__]
        self._processes = []
        for number in range(count):
            process = subprocess.Popen(
                command, **options, stderr=subprocess.DEVNULL, env=environment
            )
            weakref.finalize(self, _end, process)
            with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
                pickle.dump((batches, step + number, count), pipe)
            self._processes.append(process)

    def batch(self, step):
        """As `PatchBatches.batch`; only the next step's comes from a process.

        Keras asks for the first ones more than once. One that a process owes (it was killed, or
        met an error) is made here, which meets the error again.
        """
        if step == self._next:
            self._next += 1
            pipe = self._processes[(step - self._first) % len(self._processes)].stdout
            batch = tuple(np.empty(shape, np.uint8) for shape in self._batches.shapes)
            if all(pipe.readinto(pixels.reshape(-1)) == pixels.size for pixels in batch):
                return batch
        return self._batches.batch(step)


def _end(process):
    process.kill()
    process.wait()
    process.stdout.close()


def _serve():
    batches, step, stride = pickle.load(sys.stdin.buffer)
    with contextlib.suppress(BrokenPipeError):
        while True:
            for pixels in batches.batch(step):
                sys.stdout.buffer.write(pixels)
            step += stride


if __name__ == "__main__":
    _serve()
