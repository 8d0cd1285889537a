"""Runs the main of a script in this process: Keras, which takes seconds to load, is there."""

import importlib.util
import pathlib

from absl import flags

ROOT = pathlib.Path(__file__).resolve().parents[1]


def script(path, **options):
    """Runs a script with flags, and takes them away again.

    Scripts that tests import define their flags in `define_flags`: those of two would collide.

    Args:
        path: of the script, from the repository's root.
        options: its flags; a list for those that are repeated.

    Raises:
        UserError, OSError: what the script prints as one line, where it is run as a program.
    """
    path = ROOT / path
    before = set(flags.FLAGS)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    values = [
        f"--{name}={value}"
        for name, given in options.items()
        for value in (given if isinstance(given, list) else [given])
    ]
    try:
        spec.loader.exec_module(module)
        if hasattr(module, "define_flags"):
            module.define_flags()
        module.main(flags.FLAGS([str(path), *values])[:1])
    finally:
        for name in set(flags.FLAGS) - before:
            delattr(flags.FLAGS, name)
