"""Packaging of keras-secn: `pip install .`."""

import pathlib
import re

from setuptools import find_packages, setup

INIT = pathlib.Path("keras_secn/__init__.py").read_text(encoding="utf-8")

setup(
    name="keras-secn",
    version=re.search(r'^__version__ = "(.+)"$', INIT, re.MULTILINE)[1],
    description="Super-resolution for Keras: CT-SECN, cascade training and LiteRT models",
    long_description=pathlib.Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10,<3.14",
    packages=find_packages(include=["keras_secn", "keras_secn.*"]),
    package_data={
        # public names by package: read when one is used
        "": ["*.pyi"],
        "keras_secn": [
            "py.typed",
            "presets/weights/*",
            "samples/*.md",
            "samples/*/*.jpg",
        ],
    },
    install_requires=[
        # 3.15 walks a PyDataset straight on over epochs, which resume relies on
        "keras>=3.15,<3.16",
        # the default backend; 2.21 is the first whose LiteRT converter takes Keras 3.15 models.
        # Calibration for int8 calls the converter's two halves, which are private: one minor only
        "tensorflow>=2.21,<2.22",
        # what training logs to; TensorFlow 2.21 no longer brings it
        "tensorboard>=2.20",
        "numpy>=1.26",
        # 13 reads and writes every format that the tests list
        "pillow>=12",
        # runs .tflite files, the default engine of upscaling; the schema they are edited with
        "ai-edge-litert>=2.3,<2.4",
        "flatbuffers>=25",
        # tensorflow-model-optimization asks for absl-py 1
        "absl-py>=1.4",
        "tqdm>=4.66",
        # public names that are loaded at first use
        "lazy_loader>=0.4",
        # one process at a time in a run's folder and in a cache, on every system
        "filelock>=3.24",
        # 16-bit pictures of several channels, which Pillow reduces to 8 bits
        "imagecodecs>=2024.6",
        "tifffile>=2024.8",
        "matplotlib>=3.8",
    ],
    entry_points={"console_scripts": ["keras-secn = keras_secn.cli:main"]},
    extras_require={
        # 0.10.2 is what the tests run on; the CPU build, a GPU's comes with jax[cuda12]
        "jax": ["jax>=0.6,<0.11"],
        "torch": ["torch>=2.6"],
        # LiteRT files of int16x8, quantization-aware training, pruning and clustering; the latter
        # three know tf_keras only, which must be of TensorFlow's version
        "quantization": [
            "ai-edge-quantizer>=0.10,<0.11",
            "tensorflow-model-optimization>=0.8.1,<0.9",
            "tf_keras>=2.21,<2.22",
        ],
        # fits A+: --model aplus
        "aplus": ["scikit-learn>=1.5"],
        # DIV2K: --dataset div2k
        "tfds": ["tensorflow-datasets>=4.9.9"],
        # `make docs`, where warnings are errors: a new major version must be tried first, and
        # mkdocs 2 drops the plugins that the pages are made with
        "docs": [
            "mkdocs>=1.6,<2",
            "mkdocs-material>=9.7,<10",
            "mkdocstrings[python]>=1.0,<2",
            "mkdocstrings-python>=2.0,<3",
            "latex2mathml>=3.77",
        ],
        # opens and runs notebooks/: make notebooks
        "notebooks": ["nbclient>=0.10", "ipykernel>=6", "jupyterlab>=4"],
        "dev": [
            "pytest>=8",
            # two processes share the tests, by file: `make test` in about half the time
            "pytest-xdist>=3.8,<4",
            "hypothesis>=6",
            # pinned: what it finds and how it formats changes; .pre-commit-config.yaml has the same
            "ruff==0.17.6",
            # which room may import which
            "import-linter>=2",
            # type hints of the public surface
            "mypy>=1.11",
            "scikit-image>=0.24",
            # drives Chromium through the page's tests
            "selenium>=4.20",
            # run the notebooks in tests, which JupyterLab is not needed for
            "nbclient>=0.10",
            "ipykernel>=6",
            "keras-secn[jax,quantization,aplus,tfds,docs]",
        ],
    },
)
