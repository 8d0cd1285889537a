"""One process at a time in a folder."""

import contextlib

import filelock

from keras_secn.utils.errors import UserError


@contextlib.contextmanager
def hold(folder, wait=True):
    """Keeps other processes that hold the folder out while the body runs.

    The system ends the hold with the process, however it ends. `.lock` in the folder is neither
    followed, where it is a link, nor emptied.

    Args:
        folder: a `pathlib.Path`; it exists.
        wait: until another process lets go.

    Raises:
        BlockingIOError: another process holds the folder, and `wait` is false.
        UserError: `.lock` is a link.
        OSError: the folder cannot be written.
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
