"""Fixtures that several test files share."""

import hashlib
import os
import pathlib
import signal

import pytest
from pictures import PHOTO_SIZES, noise
from PIL import Image

# tests that need no network, and the processes that tests start, do without Keras
os.environ.setdefault("KERAS_SECN_LAZY", "1")

from keras_secn.data.photo_cache import PhotoCache  # noqa: E402


def pytest_configure():
    # `nohup` has SIGHUP ignored, which the programs under test would inherit
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser):
    parser.addoption("--short", action="store_true", help="of each slow file, one test alone")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--short"):
        first = {item.path: item for item in reversed(items) if item.get_closest_marker("slow")}
        left = [i for i in items if i.get_closest_marker("slow") and first[i.path] is not i]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


WEIGHTS = pathlib.Path(__file__).parents[1] / "keras_secn" / "presets" / "weights"


def _sums():
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(WEIGHTS.iterdir())
        if path.is_file()
    }


@pytest.fixture(scope="session", autouse=True)
def presets_stay_as_they_are():
    """Fails if a test has written into the package's own presets."""
    before = _sums()
    yield
    after = _sums()
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    assert not changed, f"the tests have changed {WEIGHTS}: {', '.join(changed)}"


@pytest.fixture(scope="session")
def shared_data():
    """The folder of photographs and reference images, see its README.md; not in the repository."""
    default = pathlib.Path(__file__).parents[2] / "shared" / "data"
    folder = pathlib.Path(os.environ.get("KERAS_SECN_DATA", default))
    if not (folder / "set5").is_dir():
        pytest.skip(f"no photographs in {folder} (KERAS_SECN_DATA names another folder)")
    return folder


@pytest.fixture(scope="session")
def tiny_network():
    """A network of every part there is, two blocks deep, that enlarges as bicubic does at least."""
    import keras

    from keras_secn.models.bicubic_start import start_as_interpolation
    from keras_secn.models.secn import build_ct_secn

    keras.utils.set_random_seed(1)
    model = start_as_interpolation(build_ct_secn(n=1, blocks=2, filters=8))
    for weight in model.weights:
        # zero biases would hide what happens at the edges
        if weight.path.endswith("bias"):
            weight.assign(keras.random.uniform(weight.shape, -0.02, 0.02, seed=len(weight.path)))
    return model


@pytest.fixture(scope="session")
def tiny_file(tiny_network, tmp_path_factory):
    """The LiteRT file of `tiny_network`, with exact tiles."""
    import keras

    if keras.backend.backend() != "tensorflow":
        pytest.skip("export to LiteRT needs the TensorFlow backend")
    from keras_secn.upscaling.engines.export import export_tiles

    path = tmp_path_factory.mktemp("tiny") / "tiny.tflite"
    export_tiles(tiny_network, path)
    return path


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
