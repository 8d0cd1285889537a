"""What tests of `.keras` files share: an honest file, and settings that must not change."""

import keras
import pytest
from descriptions import network, state


@pytest.fixture(scope="session")
def honest(tmp_path_factory):
    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("honest") / "honest.keras"
    network().save(path)
    return path


@pytest.fixture
def untouched(tmp_path, monkeypatch):
    """The test fails if a global setting of Keras changed or the file `marker` was written."""
    monkeypatch.chdir(tmp_path)
    before = state(tmp_path)
    yield
    after = state(tmp_path)
    keras.config.set_floatx(before[0])
    keras.config.set_epsilon(before[1])
    keras.config.set_image_data_format(before[2])
    keras.config.enable_traceback_filtering()
    assert after == before
