"""One process at a time in a folder."""

import contextlib

import filelock

from keras_secn.utils.errors import UserError


@contextlib.contextmanager
def hold(folder, wait=True):
    """Locks the folder (file `.lock`) while the body runs; the lock ends with the process.

    Raises:
        BlockingIOError: another process holds the folder, and `wait` is false.
    """
    path = folder / ".lock"
    if path.is_symlink():
        raise UserError(f"{path} is a link, not a lock file: remove it")
    try:
        held = filelock.FileLock(path, timeout=-1 if wait else 0).acquire()
    except filelock.Timeout:
        raise BlockingIOError(f"another process is using {folder}") from None
    with held:
        yield
