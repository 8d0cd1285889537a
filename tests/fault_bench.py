"""Where faults are made: what undisturbed runs give, damage to files, and small disks."""

import contextlib
import functools
import os
import pathlib
import random
import shutil
import subprocess
import time

from pictures import noise
from PIL import Image
from processes import differences, start

FAULTS = {}
FLAGS = {"steps": 60, "interval": 20}
REPOSITORY = pathlib.Path(__file__).parents[1]


class Skipped(Exception):
    """The fault cannot be made here."""


def fault(group, text):
    def register(function):
        FAULTS[function.__name__] = (group, text, function)
        return function

    return register


class Bench:
    """A folder with photographs, and undisturbed runs to compare with.

    Args:
        folder: an empty folder.
        seed: of the moments at which faults come.
    """

    def __init__(self, folder, seed=0):
        self.folder = pathlib.Path(folder)
        self.random = random.Random(seed)
        self.photos = self.folder / "photos"
        self.photos.mkdir()
        for number in range(4):
            pixels = noise((90, 80 + number), number)
            Image.fromarray(pixels).save(self.photos / f"{number}.png")

    def fresh(self, name):
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        return path

    def trainer(self, folder, photos=None, cache=None, **flags):
        """Starts a training, and returns it and the file of what it prints."""
        log = self.folder / f"{folder.name}.log"
        where = (folder, photos or self.photos, cache or self.folder / "cache")
        return start(log, *where, **{**FLAGS, **flags}), log

    def finish(self, folder, **options):
        """Runs a training to its end and returns what it printed."""
        process, log = self.trainer(folder, **options)
        assert process.wait() == 0, log.read_text()
        return log.read_text()

    @functools.cached_property
    def reference(self):
        """An undisturbed training, and the seconds it took."""
        folder, started = self.folder / "reference", time.monotonic()
        self.finish(folder)
        return folder, time.monotonic() - started

    def check(self, folder):
        """The result is the undisturbed one, to the bit: weights, losses and scores."""
        assert differences(folder, self.reference[0]) == (0.0, 0.0)


def last_line(text):
    """The message of a program that has ended, without names of folders."""
    lines = [line for line in text.splitlines() if line.strip()]
    assert "Traceback" not in text, text
    words = (
        word.rsplit("/", 1)[-1] if word.startswith("/") else word for word in lines[-1].split()
    )
    return " ".join(words)


def message(log):
    return last_line(log.read_text())


def damage(path, chance, number):
    content = bytearray(path.read_bytes())
    if number % 2:
        # in the weights: the archive's own names and dates are checked as well, or harmless
        place = chance.randrange(len(content) // 3, 2 * len(content) // 3)
        content[place] ^= 1 << chance.randrange(8)
    else:
        del content[chance.randrange(len(content)) :]
    path.write_bytes(content)


@contextlib.contextmanager
def small_disk(bench, kilobytes):
    folder = bench.fresh("disk")
    folder.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder]
    if os.geteuid() or subprocess.run(options, capture_output=True).returncode:
        raise Skipped("needs root, to mount a small tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
