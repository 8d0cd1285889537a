"""Ctrl-C and SIGTERM as requests: training saves its state first, then stops."""

import contextlib
import signal
import threading

from .errors import Stopped

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Inside `with`, the first SIGINT or SIGTERM is noted; a second one acts as usual.

    Attributes:
        number: of the signal that came, or None.
    """

    def __init__(self):
        self.number = None
        self._previous = {}
        self._at_once = None

    def __enter__(self):
        # Python delivers signals to the main thread only, and only it may ask for them
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.getsignal(number) for number in SIGNALS}
            for number in SIGNALS:
                signal.signal(number, self._note)
        return self

    def __exit__(self, *error):
        for number, handler in self._previous.items():
            # None: a handler that Python did not install and cannot name
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._previous = {}

    def _note(self, number, frame):
        self.number = number
        self.__exit__()
        if self._at_once:
            raise Stopped(number, self._at_once)

    @contextlib.contextmanager
    def at_once(self, text):
        """Inside, all is saved: a signal that comes, or came before, raises `Stopped(text)`."""
        self._at_once = text
        try:
            if self.number:
                raise Stopped(self.number, text)
            yield
        finally:
            self._at_once = None
        # code that was interrupted may have swallowed the exception
        if self.number:
            raise Stopped(self.number, text)
