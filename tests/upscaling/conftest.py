"""What tests of upscaling share: a folder of their own, a network that runs in it, and ffmpeg."""

import pytest
import videos

from keras_secn.upscaling import enlarge, tiling
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


@pytest.fixture
def small_limits(monkeypatch):
    """Images count as large from 40 x 40 pixels on, so that tests of sampling stay quick."""
    monkeypatch.setattr(tiling, "POOLED_WHOLE", 1600)
    monkeypatch.setattr(enlarge, "POOLED_WHOLE", 1600)
    monkeypatch.setattr(tiling, "SAMPLED", 1024)
    monkeypatch.setattr(tiling, "PATCH", 16)
