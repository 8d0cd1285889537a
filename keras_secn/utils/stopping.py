"""SIGTERM and SIGHUP raise an exception, so that a program cleans up before it ends."""

import signal

from keras_secn.utils.errors import Stopped


def stop_on_signals():
    """Lets SIGTERM and SIGHUP (the terminal is closed) raise `Stopped`.

    What the program's parent has it ignore, as `nohup` does with SIGHUP, stays ignored.
    """
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def _stop(number, frame):
    raise Stopped(number)
