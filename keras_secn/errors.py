"""Errors that a user can mend, and how a script shows them: one line, no traceback."""

import sys

from absl import app


class UserError(ValueError):
    """Bad input or a bad environment; its text is one line that says what to do."""


def run_app(main, positional=False):
    """Runs an absl `main(argv)`; a `UserError` becomes one line on stderr and exit status 1.

    A full disk, a read-only folder and an interruption are the user's to mend as well, so
    `OSError` and Ctrl-C end the same way (Ctrl-C with the shell's customary status 130).

    Args:
        main: function of the arguments that absl left over, the program's name first.
        positional: whether there may be any others.
    """

    def guarded(argv):
        try:
            if len(argv) > 1 and not positional:
                raise UserError(f"unexpected argument {argv[1]!r} (see --help)")
            return main(argv)
        except (UserError, OSError) as error:
            print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
            sys.exit(1)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            sys.exit(130)

    app.run(guarded)
