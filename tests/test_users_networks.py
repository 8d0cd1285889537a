"""Networks as users of Keras have them: compiled with what is theirs, or of mixed precision."""

import keras
import numpy as np
import pytest
from pictures import noise
from PIL import Image

import keras_secn
from keras_secn import cli, lite
from keras_secn.metrics.protocol import image_upscaler
from keras_secn.models.bicubic_start import start_as_interpolation
from keras_secn.utils.precision_scope import precision_scope


class OwnLoss(keras.losses.Loss):
    """Nobody but its user knows it: it is not registered."""

    def call(self, y_true, y_pred):
        return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1) ** 1.5


def own_metric(y_true, y_pred):
    return keras.ops.mean(y_pred)


def build():
    keras.utils.set_random_seed(0)
    return start_as_interpolation(keras_secn.build_ct_secn(n=1, blocks=2, filters=8))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    model = build()
    model.compile("adam", OwnLoss(), metrics=[own_metric])
    model.train_on_batch(noise((8, 8), 0)[None], noise((16, 16), 1)[None])
    path = tmp_path_factory.mktemp("own") / "own.keras"
    model.save(path)
    return path, image_upscaler(model)(noise((12, 9), 2))


@pytest.fixture(scope="module")
def mixed():
    """A network of mixed precision, and the same one in float32."""
    exact = build()
    with precision_scope("mixed_bfloat16"):
        model = build()
    model.set_weights(exact.get_weights())
    return model, exact


def difference(found, expected):
    return np.abs(np.asarray(found).astype(int) - expected).max()


def test_a_file_compiled_with_a_loss_of_ones_own_is_loaded(compiled):
    path, expected = compiled
    with pytest.raises(TypeError):
        keras.saving.load_model(path)
    assert difference(image_upscaler(keras_secn.load(path))(noise((12, 9), 2)), expected) == 0


def test_it_is_upscaled_and_exported(compiled, tmp_path, monkeypatch):
    path, expected = compiled
    assert difference(keras_secn.upscale(noise((12, 9), 2), model=str(path)), expected) <= 1
    monkeypatch.chdir(tmp_path)
    Image.fromarray(noise((12, 9), 2)).save("a.png")
    assert cli.main(["upscale", "a.png", "-o", "b.png", "--model", str(path)]) == 0
    assert difference(Image.open("b.png"), expected) <= 1
    if keras.backend.backend() == "tensorflow":
        assert cli.main(["export", str(path), "-o", "own.tflite"]) == 0
        assert difference(keras_secn.upscale(noise((12, 9), 2), model="own.tflite"), expected) <= 1


needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="conversion needs the TensorFlow backend"
)


@needs_tensorflow
def test_it_is_converted(compiled, tmp_path):
    path, expected = compiled
    options = {"representative": [noise((12, 9), 2)], "progress": False}
    lite.export(keras_secn.load(path), tmp_path / "own.tflite", **options)
    assert difference(lite.LiteModel(tmp_path / "own.tflite")(noise((12, 9), 2)), expected) <= 1


@needs_tensorflow
@pytest.mark.parametrize("quantization", ["none", "float16"])
def test_a_network_of_mixed_precision_is_converted_in_float32(mixed, quantization, tmp_path):
    model, exact = mixed
    options = {"representative": [noise((12, 9), 2)], "progress": False}
    lite.export(model, tmp_path / "mixed.tflite", quantization, **options)
    found = lite.LiteModel(tmp_path / "mixed.tflite")(noise((12, 9), 2))
    assert difference(found, image_upscaler(exact)(noise((12, 9), 2))) <= 1


@needs_tensorflow
@pytest.mark.parametrize("quantization", ["none", "int8"])
def test_the_policy_of_the_program_does_not_reach_the_file(mixed, quantization, tmp_path):
    options = {"representative": [noise((48, 48), 2)], "progress": False}
    with precision_scope("mixed_bfloat16"):
        check = lite.export(mixed[1], tmp_path / "own.tflite", quantization, **options)["check"]
    assert check["psnr"] > (60 if quantization == "none" else 40)


def test_the_policy_of_the_program_does_not_reach_the_picture(mixed):
    expected = image_upscaler(mixed[1])(noise((12, 9), 2))
    with precision_scope("mixed_bfloat16"):
        found = keras_secn.upscale(noise((12, 9), 2), model=mixed[1])
    assert difference(found, expected) <= 1


@needs_tensorflow
def test_a_network_of_mixed_precision_is_exported_in_float32(mixed, tmp_path):
    from keras_secn.upscaling.engines.export import export_tiles

    model, exact = mixed
    export_tiles(model, tmp_path / "mixed.tflite")
    found = keras_secn.upscale(noise((12, 9), 2), model=tmp_path / "mixed.tflite")
    assert difference(found, image_upscaler(exact)(noise((12, 9), 2))) <= 1
