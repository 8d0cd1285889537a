"""One contract for all networks: any size and scale, saved, in any precision, on any backend."""

import json
import os
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from cases import NETWORKS, pictures, silent_weights

from keras_secn import models
from keras_secn.models.edsr_trunk import block_kinds, scale_of
from keras_secn.utils.precision_scope import precision_scope

every_network = pytest.mark.parametrize("case", NETWORKS, ids=str)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Each network as a file, with its picture of `image.npy`."""
    folder = tmp_path_factory.mktemp("networks")
    image = pictures(9, 11)
    np.save(folder / "image.npy", image)
    for case in NETWORKS:
        model = case.build()
        model.save(folder / f"{case}.keras")
        np.save(folder / f"{case}.npy", keras.ops.convert_to_numpy(model(image)))
    return folder


def test_every_factory_is_listed():
    factories = {name for name in dir(models) if name.startswith("build_")}
    # a discriminator gives no picture
    assert factories == {case.factory for case in NETWORKS} | {"build_discriminator"}


@every_network
def test_any_size_at_any_scale(case):
    for scale in case.scales:
        model = case.build(scale)
        assert scale_of(model) == scale
        for height, width in [(1, 1), (5, 8), (13, 7)]:
            outputs = model(pictures(height, width))
            assert outputs.shape == (2, scale * height, scale * width, 3)
            assert model.compute_output_shape((2, height, width, 3)) == tuple(outputs.shape)
            assert keras.backend.standardize_dtype(outputs.dtype) == "float32"


@every_network
def test_saved_and_loaded_network_is_the_same(case, saved):
    loaded = keras.saving.load_model(saved / f"{case}.keras")
    outputs = keras.ops.convert_to_numpy(loaded(np.load(saved / "image.npy")))
    np.testing.assert_array_equal(outputs, np.load(saved / f"{case}.npy"))
    assert block_kinds(loaded) == block_kinds(case.build())
    assert type(loaded).from_config(loaded.get_config()).get_config() == loaded.get_config()


@every_network
def test_bfloat16_follows_float32_and_ends_in_float32(case, saved):
    with precision_scope("mixed_bfloat16"):
        rough = case.build()
    assert keras.config.dtype_policy().name == "float32"
    rough.load_weights(saved / f"{case}.keras")
    outputs = rough(np.load(saved / "image.npy"))
    assert keras.backend.standardize_dtype(outputs.dtype) == "float32"
    # fresh networks that add no picture give large values: two percent of those
    expected = np.load(saved / f"{case}.npy")
    difference = np.abs(keras.ops.convert_to_numpy(outputs) - expected)
    assert difference.max() < 0.02 * max(255, np.abs(expected).max())


@every_network
def test_gradients_reach_every_weight(case):
    model = case.build()
    silent = silent_weights(model, pictures(8, 9))
    assert not [path for path in silent if not re.search(case.without_gradient, path)]


CHILD = """
import sys, keras, numpy as np
import keras_secn
from cases import NETWORKS

folder, fresh, names = sys.argv[1], sys.argv[2] == "fresh", sys.argv[3:]
assert keras.config.image_data_format() == ("channels_first" if fresh else "channels_last")
image = np.load(f"{folder}/image.npy")
for case in NETWORKS:
    if case.name not in names:
        continue
    path = f"{folder}/{case}.keras"
    if fresh:
        model = case.build()
        model.load_weights(path)
    else:
        model = keras.saving.load_model(path)
    outputs = keras.ops.convert_to_numpy(model(image))
    expected = np.load(f"{folder}/{case}.npy")
    np.testing.assert_allclose(outputs, expected, atol=2e-3, err_msg=case.name)
print(len(names), "networks")
"""
# each kind of layer is in one of them; compiling takes longest
KINDS = [
    "aplus",
    "fsrcnn",
    "espcn",
    "drcn",
    "lapsrn",
    "srresnet",
    "every_block",
    "local_means",
    "pocket_secn",
]


def run_child(folder, kind, names, **environment):
    tests = os.path.dirname(__file__)
    path = os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), kind, *names],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path, **environment},
    )
    assert done.stdout.split() == [str(len(names)), "networks"], done.stderr[-3000:]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="one backend tells")
def test_channels_first_in_keras_json_changes_nothing(saved, tmp_path):
    settings = {"image_data_format": "channels_first", "backend": keras.backend.backend()}
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    run_child(saved, "fresh", list(map(str, NETWORKS)), KERAS_HOME=str(tmp_path))


@pytest.mark.parametrize("other", ["tensorflow", "jax", "torch"])
def test_same_weights_same_picture_on_the_other_backends(saved, other):
    if other == keras.backend.backend():
        pytest.skip("this very backend")
    pytest.importorskip(other)
    run_child(saved, "loaded", KINDS, KERAS_BACKEND=other)
