"""What tests of trainings share: photographs."""

import pytest
from pictures import noise
from PIL import Image

from keras_secn.data.photo_cache import PhotoCache


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """Photographs for what is trained once, for several tests."""
    folder = tmp_path_factory.mktemp("photos")
    for seed in range(3):
        Image.fromarray(noise((40 + seed, 52), seed)).save(folder / f"{seed}.png")
    return PhotoCache.build(folder, tmp_path_factory.mktemp("cache"), scale=2, progress=False)
