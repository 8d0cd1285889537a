"""Files that are either whole or not there."""

import contextlib
import os
import pathlib
import tempfile


@contextlib.contextmanager
def atomic_path(path):
    """Yields a temporary path beside `path`; it takes the place of `path` if the body succeeds.

    The temporary name keeps the suffix, because Keras and Pillow choose the format by it. The
    file is flushed to the disk before the rename, so that a power cut leaves the old file or the
    new one, never a torn one. If the body raises, the temporary file is removed.

    Raises:
        OSError: the folder cannot be written (also `PermissionError`, disk full).
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix)
    os.close(handle)
    temporary = pathlib.Path(name)
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        # mkstemp makes private files; results are as readable as any other file of the user's
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
