"""Quantization-aware training: the twin is the network, and the file holds integers only."""

import keras
import numpy as np
import pytest
from pictures import noise
from PIL import Image

from keras_secn.data.photo_cache import PhotoCache
from keras_secn.models.mobile import build_edsr_mobile, build_pocket_secn
from keras_secn.models.secn import build_ct_secn
from keras_secn.rewrite.fold_collapsible import fold
from keras_secn.utils.errors import UserError

pytestmark = pytest.mark.slow

pytest.importorskip("ai_edge_litert")
pytest.importorskip("tensorflow_model_optimization")
if keras.backend.backend() != "tensorflow":
    pytest.skip("export needs the TensorFlow backend", allow_module_level=True)

from keras_secn.lite import twin  # noqa: E402
from keras_secn.lite.export import export  # noqa: E402
from keras_secn.lite.interpreter import LiteModel  # noqa: E402
from keras_secn.lite.quantize import equalize  # noqa: E402

BUILDS = {
    "ct_secn": lambda: build_ct_secn(n=1, blocks=2, filters=8),
    "edsr_mobile": lambda: build_edsr_mobile(filters=8, blocks=2),
    "pocket_secn": lambda: build_pocket_secn("s", gate=True),
}


def random_network(name):
    keras.utils.set_random_seed(3)
    model = fold(BUILDS[name]())
    rng = np.random.default_rng(3)
    model.set_weights([w + rng.normal(0, 0.01, w.shape) for w in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def pictures():
    return [noise((64, 64), seed) for seed in range(3)]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for seed in range(2):
        Image.fromarray(noise((128, 128), seed + 20)).save(folder / f"{seed}.png")
    return PhotoCache.build(folder, tmp_path_factory.mktemp("cache"), progress=False)


@pytest.mark.parametrize("name", BUILDS)
def test_weights_go_to_the_twin_and_back(name, pictures):
    model = equalize.prepared(random_network(name), pictures)
    other = twin.to_twin(model)
    x = pictures[0][None].astype("float32")
    expected = model.predict_on_batch(x)
    np.testing.assert_allclose(other.predict_on_batch(x), expected, atol=1e-2)
    other.set_weights([w * 0.5 for w in other.get_weights()])
    halved = other.predict_on_batch(x)
    assert np.abs(halved - expected).max() > 1
    twin.copy_back(other, model)
    np.testing.assert_allclose(model.predict_on_batch(x), halved, atol=1e-2)


@pytest.mark.parametrize("name", BUILDS)
def test_trained_file_holds_integers_only_and_is_near_keras(name, pictures, cache, tmp_path):
    model, path = random_network(name), tmp_path / "qat.tflite"
    facts = export(
        model, path, "int8_qat", representative=pictures, progress=False, training=cache, steps=2
    )
    assert facts["quantization"] == "int8_qat" and facts["check"]["psnr"] > 38
    lite = LiteModel(path, delegate=False)
    assert not {"DEQUANTIZE", "CAST", "FAKE_QUANT"} & set(lite.operators())
    details = lite._runtime.open().get_tensor_details()
    assert {np.dtype(detail["dtype"]).kind for detail in details} <= {"i", "u"}
    (first,), (last,) = (
        lite._runtime.open().get_input_details(),
        lite._runtime.open().get_output_details(),
    )
    assert first["quantization"] == last["quantization"] == (1.0, 0)


def test_what_has_no_twin_is_refused(pictures):
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.UpSampling2D(2)(inputs))
    with pytest.raises(UserError, match="has no twin"):
        twin.to_twin(model)
    with pytest.raises(UserError, match="training photographs"):
        export(model, "x.tflite", "int8_qat", representative=pictures, progress=False)
