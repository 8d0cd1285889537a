"""The library leaves a user's process and model as it found them."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

PROGRAM = pathlib.Path(__file__).with_name("a_users_program.py")
THINGS = [
    "descriptors",
    "streams",
    "umask",
    "import hooks",
    "environment",
    "warning filters",
    "warning display",
    "log levels",
    "signal handlers",
    "keras settings",
    "numpy errors",
    "numpy printing",
    "layers' calls",
    "layers' settings",
    "model",
    "descriptors meanwhile",
]


@pytest.fixture(scope="module")
def found(tmp_path_factory, tiny_file):
    folder = tmp_path_factory.mktemp("user")
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(folder / "photo.png")
    command = [sys.executable, PROGRAM, folder, tiny_file]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("thing", THINGS)
def test_nothing_is_patched(found, thing):
    assert found[thing] == []
