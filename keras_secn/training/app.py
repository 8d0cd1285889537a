"""Runs a script: grouped `--help`, errors in one line, orderly stop on signals."""

import sys
import textwrap

from keras_secn.utils.allocator import keep_freed_memory
from keras_secn.utils.backend import explained
from keras_secn.utils.errors import UserError
from keras_secn.utils.printable import one_line, printable
from keras_secn.utils.quiet import quiet_tensorflow
from keras_secn.utils.stopping import stop_on_signals


def run_app(main, positional=False, groups=None):
    """Runs an absl `main(argv)`; a `UserError` becomes one line on stderr and exit status 1.

    A wrong flag, a full disk, a read-only folder and an interruption are the user's to mend as
    well, so they end the same way (Ctrl-C, SIGTERM and SIGHUP with the shell's customary status:
    130, 143, 129).

    Args:
        main: function of the arguments that absl left over, the program's name first.
        positional: whether there may be any others.
        groups: titles of `--help` and the names of the flags below each. Required flags come first,
            then the first group, the script's other flags and the other groups.
    """
    from absl import app, flags, logging  # 30 ms that the `keras-secn` command does without

    from keras_secn.training import multihost

    # what TensorFlow logs at its start drowns our one line
    quiet_tensorflow()
    keep_freed_memory()

    def parse(argv):
        if {"--help", "-h"} & set(argv):
            print(_help(flags.FLAGS, groups or {}))
            sys.exit(0)
        try:
            return flags.FLAGS(argv)
        except flags.Error as error:
            known = [flags.FLAGS[name] for name in flags.FLAGS]
            missing = [flag.name for flag in known if _is_required(flag) and flag.value is None]
            # a wrong value is said first
            is_missing = missing and "other than None" in str(error)
            reason = f"--{missing[0]} is required" if is_missing else error
            print(f"error: {one_line(reason)} (see --help)", file=sys.stderr)
            sys.exit(1)

    def guarded(argv):
        stop_on_signals()
        if flags.FLAGS["verbosity"].using_default_value:
            logging.set_verbosity(logging.WARNING)  # of TensorFlow, while it converts
        try:
            if len(argv) > 1 and not positional:
                raise UserError(f"unexpected argument {argv[1]!r} (see --help)")
            with multihost.together():
                return main(argv)
        except (ImportError, ValueError, OSError) as error:
            reason = error if isinstance(error, UserError | OSError) else explained(error)
            if not isinstance(reason, UserError | OSError):
                raise
            print(f"error: {one_line(reason)}", file=sys.stderr)
            sys.exit(1)
        except KeyboardInterrupt as stop:  # or `Stopped`
            print(printable(stop) or "interrupted", file=sys.stderr)
            sys.exit(getattr(stop, "status", 130))

    app.run(guarded, flags_parser=parse)


def _is_required(flag):
    return any("other than None" in validator.message for validator in flag.validators)


def _help(known, groups):
    """The script's docstring, with its examples, and its flags in groups."""
    own = [flag.name for flag in known.get_key_flags_for_module(sys.argv[0])]
    groups = {title: [name for name in names if name in known] for title, names in groups.items()}
    elsewhere = {name for names in groups.values() for name in names}
    first = dict(list(groups.items())[:1])
    sections = {**first, "This command": [n for n in own if n not in elsewhere], **groups}
    required = [n for names in sections.values() for n in names if _is_required(known[n])]
    lines = [sys.modules["__main__"].__doc__.strip()]
    for title, names in {"Required": required, **sections}.items():
        names = [name for name in names if title == "Required" or name not in required]
        lines += [f"\n{title}:"] * bool(names)
        for name in names:
            flag = known[name]
            text = flag.help.partition(";\n")[0]  # absl adds that some may be repeated
            default = (flag.default_as_str or "").translate(str.maketrans("", "", "[]'\""))
            default = f" ({default})" if flag.default else ""
            head = f"  --{'[no]' * bool(flag.boolean)}{name}"
            lines.append(
                textwrap.fill(f"{head:<26} {text}{default}", 100, subsequent_indent=27 * " ")
            )
    return "\n".join(lines)
