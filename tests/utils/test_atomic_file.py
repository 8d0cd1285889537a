"""Files that are whole or not there, as private as they should be, and no leftovers."""

import os
import pathlib
import subprocess
import sys

import pytest

from keras_secn.utils import atomic_file
from keras_secn.utils.atomic_file import atomic_path, remove_leftovers

DIES = """
import os, signal, sys
from keras_secn.utils.atomic_file import atomic_path
with atomic_path(sys.argv[1]) as path:
    path.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(path):
    """The temporary file of a process that was killed while it wrote `path`."""
    before = set(os.listdir(path.parent))
    subprocess.run([sys.executable, "-c", DIES, path])
    (left,) = set(os.listdir(path.parent)) - before
    os.utime(path.parent / left, (1, 1))
    return path.parent / left


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
@pytest.mark.parametrize("mode", [None, 0o600, 0o640, 0o644])
def test_modes(tmp_path, umask, mode):
    original = tmp_path / "original"
    if mode is not None:
        original.touch()
        original.chmod(mode)
    before = os.umask(umask)
    try:
        with atomic_path(tmp_path / "new", like=None if mode is None else original) as temporary:
            # never more open than the file will be
            assert temporary.stat().st_mode & 0o777 == (mode or 0o666) & ~umask
            temporary.write_text("new")
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == (mode or 0o666) & ~umask


def test_the_umask_belongs_to_the_process(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "umask", None)
    with atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("a")
    assert (tmp_path / "a.txt").read_text() == "a"


@pytest.mark.parametrize("name", ["n" * 251 + ".png", "ü" * 125 + ".txt", "." + "n" * 254])
def test_the_longest_names(tmp_path, name):
    with atomic_path(tmp_path / name) as temporary:
        temporary.write_text("a")
    assert os.listdir(tmp_path) == [name]


def test_the_suffix_stays(tmp_path):
    with atomic_path(tmp_path / "model.keras") as temporary:
        assert temporary.suffix == ".keras" and temporary.parent == tmp_path
        temporary.touch()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError])
def test_a_failure_leaves_the_old_file(tmp_path, error):
    (tmp_path / "a").write_text("old")
    with pytest.raises(error), atomic_path(tmp_path / "a") as temporary:
        temporary.write_text("half")
        raise error
    assert os.listdir(tmp_path) == ["a"] and (tmp_path / "a").read_text() == "old"


def test_leftovers_of_killed_runs_are_removed(tmp_path):
    left = killed(tmp_path / "photo.png")
    users = [tmp_path / name for name in (".photo.png", ".keras-secn-notes", "photo.png")]
    parts = left.name.split("-")
    running = "-".join([*parts[:3], str(os.getpid()), *parts[4:]])
    elsewhere = "-".join([*parts[:2], "00000000", *parts[3:]])
    kept = [*users, tmp_path / running, tmp_path / elsewhere]
    for path in kept:
        path.touch()
        os.utime(path, (1, 1))
    new = killed(tmp_path / "new.png")
    os.utime(new, (atomic_file.STARTED + 1, atomic_file.STARTED + 1))
    remove_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([*kept, new])


def test_leftovers_of_folders_that_are_not_there(tmp_path):
    remove_leftovers(tmp_path / "none")
    remove_leftovers(pathlib.Path(__file__))


def test_errors_name_the_file_that_was_asked_for(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError) as error, atomic_path(tmp_path / "file" / "new.png"):
        pass
    assert error.value.filename == str(tmp_path / "file")

    def refuse(*_):
        raise OSError(30, "Read-only file system", ".keras-secn-")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError, match="Read-only") as error, atomic_path(tmp_path / "new.png"):
        pass
    assert error.value.filename == str(tmp_path / "new.png")
