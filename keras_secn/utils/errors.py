"""Errors that a user can mend, and how a script shows them: one line, no traceback."""

import signal


class UserError(ValueError):
    """Bad input or a bad environment; its text is one line that says what to do."""


class Stopped(KeyboardInterrupt):
    """A signal asked the program to stop, and it did so in good order.

    Args:
        number: of the signal.
        text: one line that says what was saved.
        agreed: whether all processes of a run stop at this point.
    """

    def __init__(self, number, text="stopped", agreed=False):
        super().__init__(f"{text} ({signal.Signals(number).name})")
        self.status = 128 + number  # the shell's customary status
        self.agreed = agreed
