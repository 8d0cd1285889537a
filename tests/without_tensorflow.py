"""Prints what an environment without TensorFlow needs to run tests on another backend.

    python tests/without_tensorflow.py jax

See `make test-jax` and `make test-torch`.
"""

import importlib.metadata
import re
import sys

LEFT_OUT = {"tensorflow", "tensorboard"}
TOOLS = {"pytest", "pytest-xdist", "hypothesis"}

for line in importlib.metadata.requires("keras-secn"):
    requirement, _, condition = line.partition(";")
    name = re.match(r"[\w-]+", requirement)[0]
    extra = re.search(r"extra == [\"'](\w+)", condition)
    if name in TOOLS or name not in LEFT_OUT and (not extra or extra[1] == sys.argv[1]):
        print(requirement.strip())
