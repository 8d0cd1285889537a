"""Packaging of keras-secn: `pip install .`."""

from setuptools import find_packages, setup

setup(
    name="keras-secn",
    version="0.1.0",
    description="Super-resolution for Keras: CT-SECN, cascade training and LiteRT models",
    long_description=open("README.md", encoding="utf-8").read(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10,<3.13",
    packages=find_packages(include=["keras_secn", "keras_secn.*"]),
    package_data={"keras_secn": ["weights/*"]},
    install_requires=[
        # 3.15 walks a PyDataset straight on over epochs, which resume relies on
        "keras>=3.15,<3.16",
        # the default backend; 2.21 is the first whose LiteRT converter takes Keras 3.15 models
        "tensorflow>=2.21,<2.22",
        "numpy>=1.26",
        # 13 reads and writes every format that the tests list
        "pillow>=12",
        "absl-py>=2.1",
        "tqdm>=4.66",
        "matplotlib>=3.8",
    ],
    extras_require={
        "jax": ["jax>=0.4.34"],
        "dev": ["pytest>=8", "hypothesis>=6", "ruff>=0.8", "scikit-image>=0.24"],
    },
)
