"""What tests of upscaling share: a folder of their own, a network that runs in it, and ffmpeg."""

import pytest
import videos

from keras_secn.upscaling.upscaler import Upscaler


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def upscaler():
    return Upscaler("pocket_secn_s")


@pytest.fixture
def with_ffmpeg():
    videos.need_ffmpeg()
