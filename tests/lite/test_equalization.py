"""Before int8: channels equalized, normalization folded, gates that no picture wakes."""

import keras
import numpy as np
import pytest
from pictures import noise

from keras_secn.metrics.protocol import image_upscaler
from keras_secn.models.secn import build_ct_secn

pytest.importorskip("ai_edge_litert")
if keras.backend.backend() != "tensorflow":
    pytest.skip("export needs the TensorFlow backend", allow_module_level=True)

from keras_secn.lite.export import export  # noqa: E402
from keras_secn.lite.quantize import equalize  # noqa: E402


def test_equalization_changes_nothing_but_the_grid(model, pictures):
    copy = equalize.copy(model)
    equalize.equalize(copy, pictures)
    moved = [
        np.abs(a - b).max() for a, b in zip(copy.get_weights(), model.get_weights(), strict=True)
    ]
    assert max(moved) > 0.01
    picture = noise((40, 33), 9)
    error = np.abs(image_upscaler(copy)(picture).astype(int) - image_upscaler(model)(picture))
    assert error.max() <= 1


def test_a_gate_that_no_picture_wakes_does_not_stop_the_file(pictures, tmp_path):
    model = build_ct_secn(n=1, blocks=2, filters=8)
    squeeze = model.get_layer("block_0").se.squeeze
    kernel, bias = squeeze.get_weights()
    squeeze.set_weights([kernel, bias - 100])
    facts = export(model, tmp_path / "dead.tflite", "int8", representative=pictures, progress=False)
    assert facts["check"]["psnr"] > 38


def test_folded_normalization_is_exact_inside(model):
    picture = noise((40, 33), 9)[None].astype(np.float32)
    folded = np.clip(equalize.fold_normalization(model)(picture), 0, 255)
    expected = np.clip(model.predict_on_batch(picture), 0, 255)
    assert np.abs(folded - expected).max() < 8  # at the border, where padding is gray
    # the means of squeeze-and-excitation carry a trace of the border inwards
    assert np.abs(folded - expected)[:, 24:-24, 24:-24].max() < 0.2
