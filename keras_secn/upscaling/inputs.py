"""Files that a user's arguments name: files, folders, patterns."""

import collections
import contextlib
import errno
import glob
import itertools
import os
import pathlib
import re
import stat
from typing import NamedTuple

from keras_secn.upscaling.io import video, write

# of files that a folder's run takes; JPEGs from browsers are often called .jfif
TAKEN = write.FORMATS.keys() | {".jfif", ".jpe"}
RESULT = re.compile(
    r"(.+?)_(?:x\d+(?:\.\d+)?|[wh]\d+|\d+(?:\.\d+)?mp)((?:_[A-Za-z]+)?_compare)?"  # see Target.tag
)
EARLIER, LINKED, NO_FILE = "from earlier runs", "linked folders", "links to nothing or devices"
EMPTY = 'an input is empty (""): no file is named'
DANGLING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)  # of links that lead nowhere


class Found(NamedTuple):
    """One file."""

    path: pathlib.Path
    below: pathlib.Path  # its path below the folder or pattern that was named, or its name
    folder: pathlib.Path  # where its result goes unless the user says otherwise
    marked: bool  # the result's name must tell it from the original there


def find(names, out, tag):
    """The `Inputs` that names stand for, hidden files left out.

    Results of earlier runs, `photo_x2.png` beside `photo.png` or `in_x2` beside `in`, are no
    originals, unless they are named themselves. Folders are taken recursively, pictures only;
    nothing is taken from the folder `out`.
    """
    found = Inputs(out, tag)
    for name in names:
        path = pathlib.Path(name)
        # by `os`, for which a name that is too long is no name of a file
        if not name:  # `pathlib` would take it for the working folder
            found.failed.append((name, EMPTY))
        elif not os.path.exists(path) and glob.has_magic(name):
            found.pattern(name)
        elif os.path.isdir(path):
            found.folder(path, pathlib.Path())
        else:
            found.file(path, pathlib.Path(path.name))
    return found


class Inputs:
    """Files that are found; see `find`."""

    def __init__(self, out, tag):
        self.files = []  # a list of `Found`
        self.failed = []  # (input, reason) of inputs that stand for nothing
        # how many files of folders are left out: by suffix, or `EARLIER`, `LINKED`, `NO_FILE`
        self.left_out = collections.Counter()
        self.folders = False  # whether any input is a folder
        self._out, self._tag, self._listed = out, tag, {}

    def file(self, path, below):
        try:
            mode = path.stat().st_mode
        except (OSError, ValueError) as error:  # ValueError: a name with a zero in it
            missing = not isinstance(error, OSError) or isinstance(error, FileNotFoundError)
            self.failed.append((path, "no such file" if missing else error.strerror))
            return
        if stat.S_ISREG(mode):
            self.files.append(Found(path, below, path.parent, True))
        else:
            kind = "a named pipe" if stat.S_ISFIFO(mode) else "a device or socket"
            self.failed.append((path, f"is {kind}; name a file"))

    def pattern(self, name):
        paths = [pathlib.Path(path) for path in sorted(glob.glob(name, recursive=True))]
        before = len(self.files) + len(self.failed)
        folders = pathlib.Path(name).parts[:-1]
        fixed = itertools.takewhile(lambda part: not glob.has_magic(part), folders)
        root = pathlib.Path(*fixed)
        for path in paths:
            below = path.relative_to(root)
            if not os.path.isdir(path):
                if self._is_result(path):
                    self.left_out[EARLIER] += 1
                else:
                    self.file(path, below)
            elif "**" not in pathlib.Path(name).parts:  # which lists what is in folders itself
                self.folder(path, below)
        if len(self.files) + len(self.failed) == before:
            why = "no pictures but results of earlier runs" if paths else "no such file"
            self.failed.append((pathlib.Path(name), why))

    def folder(self, folder, below):
        """Takes the pictures of a folder; `below` is where it lies below a pattern."""
        self.folders = True
        # "." and ".." have no names of their own
        named = folder if folder.name not in ("", "..") else folder.resolve()
        target = named.with_name(f"{named.name}_{self._tag}")
        barred = (self._out or target).resolve()
        before = len(self.files) + len(self.failed)
        for path in self._walk(folder, barred):
            inside = path.relative_to(folder)
            if path.suffix.lower() not in TAKEN:
                self.left_out[path.suffix.lower() or "without a suffix"] += 1
            elif self._is_result(path) or self._is_in_results(path, inside):
                self.left_out[EARLIER] += 1
            else:
                self.files.append(Found(path, below / inside, target / inside.parent, False))
        if len(self.files) + len(self.failed) == before:
            self.failed.append((folder, "no pictures in it"))

    def _walk(self, folder, barred):
        def unreadable(error):
            self.failed.append((pathlib.Path(error.filename), error.strerror))

        found, closed = [], {}
        for place, folders, files in os.walk(folder, onerror=unreadable):
            place = pathlib.Path(place)
            folders[:] = [
                name
                for name in folders
                if not name.startswith(".") and (place / name).resolve() != barred
            ]
            # which may lead round in circles
            self.left_out[LINKED] += sum((place / name).is_symlink() for name in folders)
            for path in (place / name for name in files if not name.startswith(".")):
                try:
                    if stat.S_ISREG(path.stat().st_mode):
                        found.append(path)
                    else:
                        self.left_out[NO_FILE] += 1
                except OSError as error:
                    if error.errno in DANGLING:
                        self.left_out[NO_FILE] += 1
                    else:
                        closed.setdefault((place, error.strerror))
        self.failed += closed  # a line for a folder that is listed and cannot be entered
        # without those of which there are none
        self.left_out = +self.left_out
        return sorted(found)

    def _is_result(self, path):
        """Whether an earlier run made this file of another one beside it."""
        match = RESULT.fullmatch(path.stem)
        if not match or match[2] and path.suffix.lower() != ".png":
            return False
        return match[1] in self._stems(path.parent)

    def _is_in_results(self, path, inside):
        """Whether an earlier run made this file of one in another folder: `in_x2` beside `in`."""
        parts = path.parts
        for i in range(len(parts) - len(inside.parts), len(parts) - 1):
            match = RESULT.fullmatch(parts[i])
            if match and path.stem in self._stems(
                pathlib.Path(*parts[:i], match[1], *parts[i + 1 : -1])
            ):
                return True
        return False

    def _stems(self, folder):
        """Stems that results of a folder's pictures start with: `photo`, and `photo_jpg`."""
        if folder not in self._listed:
            stems, names = set(), []
            with contextlib.suppress(OSError):  # no folder, or one that may not be listed
                names = os.listdir(folder)
            for name in names:
                stem, suffix = os.path.splitext(name)
                if suffix.lower() in TAKEN | video.SUFFIXES:
                    stems |= {stem, f"{stem}_{suffix[1:]}"}
            self._listed[folder] = stems
        return self._listed[folder]
