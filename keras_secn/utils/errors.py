"""Errors that a user can fix; programs print them in one line, without a traceback."""

import signal


class UserError(ValueError):
    """Bad input or a bad environment; the message is one line that says what to do."""


class Stopped(KeyboardInterrupt):
    """A signal asked the program to stop, and it has saved its state, as `text` says in one line.

    `agreed` if all processes of a run stop at this point.
    """

    def __init__(self, number, text="stopped", agreed=False):
        super().__init__(f"{text} ({signal.Signals(number).name})")
        self.status = 128 + number  # the shell's customary status
        self.agreed = agreed


def require_known(name, known, what):
    """Raises a `UserError` that names what is known, unless `name` is among them."""
    if name not in known:
        raise UserError(f"unknown {what} {name!r}; known are {', '.join(map(str, known))}")


def require_values(options):
    """Raises a `UserError` for an empty text among options, as a variable is that was not set."""
    for name, value in options.items():
        if value == "":
            raise UserError(f'{name} is empty (""): give it a value, or leave it out')
