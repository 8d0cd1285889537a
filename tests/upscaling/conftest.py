"""What tests of batches share: a folder of their own, and a network that runs in it."""

import pytest

from keras_secn.upscaling.upscaler import Upscaler


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def upscaler():
    return Upscaler("pocket_secn_s")
