"""A script: its errors become one line, its signals an orderly stop."""

import sys

from keras_secn.utils.allocator import keep_freed_memory
from keras_secn.utils.errors import Stopped, UserError
from keras_secn.utils.printable import one_line, printable
from keras_secn.utils.quiet import quiet_tensorflow
from keras_secn.utils.stopping import stop_on_signals


def run_app(main, positional=False):
    """Runs an absl `main(argv)`; a `UserError` becomes one line on stderr and exit status 1.

    A full disk, a read-only folder and an interruption are the user's to mend as well, so
    `OSError`, Ctrl-C, SIGTERM and SIGHUP end the same way (with the shell's customary status: 130,
    143, 129).

    Args:
        main: function of the arguments that absl left over, the program's name first.
        positional: whether there may be any others.
    """

    from absl import app, flags, logging  # 30 ms that the `keras-secn` command does without

    from keras_secn.training import multihost

    # what TensorFlow logs at its start drowns our one line
    quiet_tensorflow()
    keep_freed_memory()

    def guarded(argv):
        stop_on_signals()
        if flags.FLAGS["verbosity"].using_default_value:
            logging.set_verbosity(logging.WARNING)  # of TensorFlow, while it converts
        try:
            if len(argv) > 1 and not positional:
                raise UserError(f"unexpected argument {argv[1]!r} (see --help)")
            with multihost.together():
                return main(argv)
        except (UserError, OSError) as error:
            print(f"error: {one_line(error)}", file=sys.stderr)
            sys.exit(1)
        except Stopped as stop:
            print(printable(stop), file=sys.stderr)
            sys.exit(stop.status)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            sys.exit(130)

    app.run(guarded)
