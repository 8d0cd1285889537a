"""What a program prints on stderr is its own."""

import subprocess
import sys

import numpy as np
from PIL import Image

UPSCALE = "import sys; from keras_secn.cli import main; sys.exit(main(sys.argv[1:]))"


def test_the_command_on_litert_prints_nothing_of_tensorflows(tmp_path, tiny_file):
    Image.fromarray(np.zeros((12, 10, 3), np.uint8)).save(tmp_path / "a.png")
    command = [sys.executable, "-c", UPSCALE, "upscale", tmp_path / "a.png", "--model", tiny_file]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.count("\n") == 1 and "a_x2.png" in done.stdout
