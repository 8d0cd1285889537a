"""The short form of `fuzz_pictures.py`: damaged files give a picture or one line."""

import fuzz_pictures
import pytest

from keras_secn.upscaling.upscaler import Upscaler

COUNT = 294  # each format in comes with each format out


@pytest.fixture(scope="module")
def upscaler():
    return Upscaler("pocket_secn_s", threads=1)


def test_damaged_pictures(upscaler, tmp_path):
    for suffix, sound, content, target in fuzz_pictures.files(COUNT, seed=1):
        result = fuzz_pictures.attempt(upscaler, tmp_path, suffix, content, target)
        if sound and fuzz_pictures.ALLOWED not in result:
            assert result.startswith("picture"), (suffix, target, result)


def test_sound_pictures_are_made(upscaler, tmp_path):
    for suffix in fuzz_pictures.FORMATS:
        content = fuzz_pictures.described_files.full(suffix)
        assert fuzz_pictures.described(suffix, content)
        assert fuzz_pictures.checked(suffix, content) == content
        assert fuzz_pictures.attempt(upscaler, tmp_path, suffix, content, suffix) == "picture"
