"""On Ctrl-C, SIGTERM and SIGHUP training saves a checkpoint and stops."""

import contextlib
import signal
import threading
import time

from keras_secn.training import multihost
from keras_secn.utils.errors import Stopped

# Windows has no SIGHUP
SIGNALS = (signal.SIGINT, signal.SIGTERM, *filter(None, [getattr(signal, "SIGHUP", None)]))
PATIENCE = 2  # seconds: launchers repeat a signal to processes that had it already
AGREE_EVERY = 20  # steps between two questions whether another process was told to stop


class StopRequest:
    """Inside `with`, the first SIGINT, SIGTERM or SIGHUP is noted; a later one acts as usual.

    Several processes stop together: at the next step at which they ask each other.
    """

    def __init__(self):
        self._number = 0
        self._noted = 0.0
        self._previous = {}
        self._at_once = None

    def __enter__(self):
        # Python delivers signals to the main thread only, and only it may ask for them
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.getsignal(number) for number in SIGNALS}
            for number, handler in self._previous.items():
                # nohup has SIGHUP ignored, and means it
                if handler is not signal.SIG_IGN:
                    signal.signal(number, self._note)
        return self

    def __exit__(self, *error):
        for number, handler in self._previous.items():
            # None: a handler that Python did not install and cannot name
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._previous = {}

    def _note(self, number, frame):
        if self._number and time.monotonic() - self._noted > PATIENCE:
            self.__exit__()
            signal.raise_signal(number)
        elif not self._number:
            self._number, self._noted = number, time.monotonic()
            if self._at_once:
                raise Stopped(number, self._at_once)

    def wanted(self, step=0):
        """The number of the signal to stop for, or 0; to be asked by all processes alike."""
        if multihost.count() == 1:
            return self._number
        return multihost.largest(self._number) if step % AGREE_EVERY == 0 else 0

    def stop_if_wanted(self, text, step=0):
        """Raises `Stopped(text)` if a signal came; what is to be kept must be saved."""
        number = self.wanted(step)
        if number:
            raise Stopped(number, text, agreed=True)

    @contextlib.contextmanager
    def at_once(self, text):
        """Inside, all is saved: a signal that comes, or came before, raises `Stopped(text)`."""
        self.stop_if_wanted(text)
        # one of several processes must not leave the others alone
        self._at_once = text if multihost.count() == 1 else None
        try:
            yield
        finally:
            self._at_once = None
        # code that was interrupted may have swallowed the exception
        self.stop_if_wanted(text)
