"""Fixtures that several test files share."""

import os
import pathlib

import pytest
from pictures import PHOTO_SIZES, noise
from PIL import Image

from keras_secn.photo_cache import PhotoCache


@pytest.fixture(scope="session")
def shared_data():
    """The folder of photographs and reference images, see its README.md; not in the repository."""
    default = pathlib.Path(__file__).parents[2] / "shared" / "data"
    folder = pathlib.Path(os.environ.get("KERAS_SECN_DATA", default))
    if not (folder / "set5").is_dir():
        pytest.skip(f"no photographs in {folder} (KERAS_SECN_DATA names another folder)")
    return folder


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for seed, (name, shape) in enumerate(PHOTO_SIZES.items()):
        Image.fromarray(noise(shape, seed)).save(folder / name)
    return folder


@pytest.fixture
def build_cache(photos, tmp_path):
    """`PhotoCache.build` of `photos`."""

    def build(folders=photos, **options):
        return PhotoCache.build(folders, tmp_path / "cache", progress=False, **options)

    return build
