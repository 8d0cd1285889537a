"""Training by several processes, on one machine or many: `--strategy multihost`.

Based on JAX's multi-process runtime. This module joins it, lets the processes agree on small
numbers, and ends them together: when one is lost, the others say so in one line.
"""

import contextlib
import os
import subprocess
import sys
import tempfile

import numpy as np

from keras_secn.utils.errors import Stopped, UserError
from keras_secn.utils.printable import printable

HEARTBEAT = 30  # seconds after which a silent process counts as lost
JOIN = 300  # seconds that the first process waits for the last one
LAUNCHER = (
    "start it with srun or mpirun, or set KERAS_DISTRIBUTION_JOB_ADDRESSES=HOST:PORT (of process "
    "0), KERAS_DISTRIBUTION_NUM_PROCESSES and KERAS_DISTRIBUTION_PROCESS_ID"
)

# A process that the runtime aborts cannot say why: this one outlives it and does.
WITNESS = """
import sys
if not sys.stdin.buffer.read():
    print(sys.argv[1], file=sys.stderr)
"""

_joined = None  # the witness and the runtime's log, once this process is one of several


def join():
    """Joins the processes that the launcher's environment names; a `UserError` if there is none.

    `KERAS_DISTRIBUTION_JOB_ADDRESSES`, `_NUM_PROCESSES` and `_PROCESS_ID` are Keras' own names;
    where they are missing, JAX finds SLURM's, Open MPI's and Cloud TPU's by itself. Call it
    before anything touches the backend.
    """
    global _joined
    import keras  # takes seconds, and single processes need none of this

    if keras.backend.backend() != "jax":
        raise UserError("strategy 'multihost' runs on the JAX backend: set KERAS_BACKEND=jax")
    import jax

    number = {
        name: os.environ.get(f"KERAS_DISTRIBUTION_{name}")
        for name in ("NUM_PROCESSES", "PROCESS_ID")
    }
    try:
        number = {name.lower(): int(value) for name, value in number.items() if value}
    except ValueError:
        raise UserError(f"KERAS_DISTRIBUTION_* must be whole numbers; {LAUNCHER}") from None
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    # it would take SIGTERM from us: see keras_secn.training.interruption
    jax.config.update("jax_enable_preemption_service", False)
    _joined = _announce(number.get("process_id", os.environ.get("SLURM_PROCID", "?")))
    try:
        jax.distributed.initialize(
            os.environ.get("KERAS_DISTRIBUTION_JOB_ADDRESSES", "").split(",")[0] or None,
            **number,
            initialization_timeout=JOIN,
            heartbeat_timeout_seconds=HEARTBEAT,
            shutdown_timeout_seconds=HEARTBEAT,
        )
    except ValueError as error:
        _depart()
        raise UserError(f"{' '.join(str(error).split())} {LAUNCHER}") from None


def _announce(process):
    # the runtime aborts with a page of its own messages; they go to a file, ours to the terminal
    log, name = tempfile.mkstemp(prefix="keras-secn-runtime-", suffix=".log")
    line = (
        f"error: process {process} was lost, or lost the others; the same command resumes from the "
        f"last checkpoint (the runtime's messages: {name})"
    )
    command = [sys.executable, "-c", WITNESS, line]
    witness = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    sys.stderr.flush()
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    os.dup2(log, 2)
    with contextlib.suppress(ImportError):  # Windows writes no core files
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    return witness, name


def _depart():
    """The witness need not speak."""
    global _joined
    (witness, log), _joined = _joined, None
    with contextlib.suppress(OSError):
        os.unlink(log)
        witness.stdin.write(b"departed")
        witness.stdin.close()


def count():
    """Number of processes; 1 if this one has not joined others."""
    return sys.modules["jax"].process_count() if _joined else 1


def index():
    """Number of this process, from 0."""
    return sys.modules["jax"].process_index() if _joined else 0


def is_first():
    """Whether this process is the one that writes files and shows progress."""
    return index() == 0


def largest(value):
    """The largest of the whole numbers that the processes call this with, at the same time."""
    if not _joined:
        return value
    from jax.experimental import multihost_utils

    return int(multihost_utils.process_allgather(np.array([value], np.int32)).max())


def require_equal(value, what):
    """Raises a `UserError` if the processes do not all have the same whole number."""
    highest, lowest = largest(value), -largest(-value)
    if highest != lowest:
        raise UserError(
            f"the processes differ in {what} ({lowest} to {highest}): they need the same flags, "
            "and an --output_dir that all of them see"
        )


@contextlib.contextmanager
def together():
    """Wraps a program that may have joined others: no process waits for one that has ended.

    An error ends the process at once, with one line: its connections close, which the others
    notice. Only a stop that all agreed on, or success, ends with the runtime's own shutdown.
    """
    try:
        yield
    except BaseException as error:
        if not _joined:
            raise
        agreed = isinstance(error, Stopped) and error.agreed
        text = " ".join(str(error).split()) or type(error).__name__
        number = index()
        _depart()
        if agreed:
            raise
        if isinstance(error, (UserError, OSError, KeyboardInterrupt)):
            line = f"error: process {number}: {text}"
        else:
            text = text.rsplit("Error dispatching computation: ")[-1]
            line = (
                f"error: process {number} lost the others, or failed ({text:.160}); the same "
                "command resumes from the last checkpoint"
            )
        print(printable(line), file=sys.stderr, flush=True)
        sys.stdout.flush()
        os._exit(getattr(error, "status", 1))
    else:
        if _joined:
            _depart()
