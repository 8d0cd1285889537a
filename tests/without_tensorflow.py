"""Prints what an environment without TensorFlow needs to run tests: see `make test-jax`."""

import importlib.metadata
import re

LEFT_OUT = {"tensorflow", "tensorboard"}
TOOLS = {"pytest", "hypothesis"}

for line in importlib.metadata.requires("keras-secn"):
    requirement, _, condition = line.partition(";")
    name = re.match(r"[\w-]+", requirement)[0]
    extra = re.search(r"extra == [\"'](\w+)", condition)
    if name in TOOLS or name not in LEFT_OUT and (not extra or extra[1] == "jax"):
        print(requirement.strip())
