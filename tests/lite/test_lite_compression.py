"""Deep compression: zeros, shared values, and what deflate makes of them."""

import pathlib
import subprocess
import sys

import keras
import network_size
import numpy as np
import pytest
from pictures import noise
from PIL import Image

from keras_secn.data.photo_cache import PhotoCache
from keras_secn.models.secn import build_ct_secn
from keras_secn.utils.errors import UserError

pytest.importorskip("tensorflow_model_optimization")
if keras.backend.backend() != "tensorflow":
    pytest.skip("tf_keras needs the TensorFlow backend", allow_module_level=True)

from keras_secn.lite import compression  # noqa: E402


@pytest.fixture
def cache(tmp_path):
    folder = tmp_path / "training"
    folder.mkdir()
    Image.fromarray(noise((128, 128), 1)).save(folder / "a.png")
    return PhotoCache.build(folder, tmp_path / "cache", progress=False)


@pytest.mark.slow
def test_pruned_and_shared_weights_hold_after_training(cache):
    keras.utils.set_random_seed(1)
    model = build_ct_secn(n=1, blocks=2, filters=8)
    before = model.get_weights()
    small = compression.compress(model, cache, sparsity=0.5, clusters=8, steps=8)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    convolutions = [
        np.asarray(w)
        for w in small.weights
        if w.path.endswith("kernel") and "depthwise" not in w.path and len(w.shape) == 4
    ]
    for kernel in convolutions:
        assert np.mean(kernel == 0) == pytest.approx(0.5, abs=0.06)
        assert np.unique(kernel).size <= 8
    measured, plain = (
        network_size.measures(m, b"".join(k.tobytes() for k in network_size.kernels(m)))
        for m in (small, model)
    )
    assert measured["deflated"] < 0.6 * plain["deflated"] and measured["sparsity"] > 0.4
    assert plain["sparsity"] == 0 and measured["bytes"] == plain["bytes"]


@pytest.mark.slow
def test_refusals(cache):
    model = build_ct_secn(n=1, blocks=2, filters=8)
    for options in ({"sparsity": 1.0}, {"clusters": 1}, {"sparsity": -0.1}):
        with pytest.raises(UserError, match="sparsity must be"):
            compression.compress(model, cache, **options)
    inputs = keras.Input((None, None, 3))
    other = keras.Model(inputs, keras.layers.UpSampling2D(2)(inputs))
    with pytest.raises(UserError, match="does not know"):
        compression.compress(other, cache, 0.5)


@pytest.mark.slow
def test_one_command_prints_the_table(photos, cache, tmp_path):
    build_ct_secn(n=1, blocks=2, filters=8).save(tmp_path / "model.keras")
    script = pathlib.Path(__file__).resolve().parents[2] / "tflite" / "compress.py"
    command = [
        sys.executable, script, f"--model={tmp_path / 'model.keras'}", f"--data_dir={photos}",
        f"--training_dir={tmp_path / 'training'}", "--settings=0.5:4", "--steps=4",
        f"--out_dir={tmp_path / 'out'}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "| as trained |" in done.stdout and "| 50 % pruned, 4 values |" in done.stdout
