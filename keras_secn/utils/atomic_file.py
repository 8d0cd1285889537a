"""Files that are written whole or not at all."""

import contextlib
import errno
import hashlib
import os
import pathlib
import re
import secrets
import socket
import stat
import time

STARTED = time.time()
# .keras-secn-HOST-PROCESS-RANDOM.png
LEFTOVER = re.compile(r"\.keras-secn-([0-9a-f]{8})-(\d+)-[0-9a-f]{8}(\.[^.]*)?")
LONGEST_SUFFIX = 32  # bytes


@contextlib.contextmanager
def atomic_path(path, like=None):
    """Yields a temporary path beside `path`; it takes the place of `path` if the body succeeds.

    The temporary file has the same suffix, which Keras and Pillow choose the format by. It is
    flushed to the disk before the rename, so that a power cut leaves the old file or the new one.
    If the body raises, it is removed; `remove_leftovers` removes those of killed processes. The
    folder of `path` is made. The new file gets the permissions of the file `like`.
    """
    path = pathlib.Path(path)
    # the kernel applies the umask
    mode = 0o666 if like is None else os.stat(like).st_mode & 0o666 | stat.S_IRUSR | stat.S_IWUSR
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, "Not a folder", error.filename) from None
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= LONGEST_SUFFIX else ""
    name = f".keras-secn-{_host()}-{os.getpid()}-{secrets.token_hex(4)}{suffix}"
    temporary = path.with_name(name)
    try:
        _create(temporary, mode, path)
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _create(temporary, mode, path):
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    except OSError as error:
        error.filename = str(path)  # the name that the user knows
        raise


def remove_leftovers(folder):
    """Removes the temporary files of `atomic_path` whose process, of this machine, is gone."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            match = LEFTOVER.fullmatch(entry.name)
            if match and match[1] == _host() and not _runs(int(match[2])):
                with contextlib.suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_mtime < STARTED:
                        os.unlink(entry.path)


def _host():
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _runs(process):
    """Whether a process of this machine runs; `True` where one cannot ask without harm."""
    if os.name != "posix":
        return True  # on Windows signal 0 is Ctrl-C
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # somebody else's
    return True
