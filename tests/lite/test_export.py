"""Export to LiteRT: pixels in the graph, fixed sizes, small files, and what is refused."""

import sys

import keras
import numpy as np
import pytest
from pictures import noise

from keras_secn.metrics.protocol import image_upscaler
from keras_secn.models.secn import build_secn
from keras_secn.utils.errors import UserError

pytest.importorskip("ai_edge_litert")
if keras.backend.backend() != "tensorflow":
    pytest.skip("export needs the TensorFlow backend", allow_module_level=True)

from keras_secn.lite.export import BOUNDS, export  # noqa: E402
from keras_secn.lite.interpreter import LiteModel  # noqa: E402


def test_pixels_are_rounded_half_up_and_clipped_in_the_graph(tmp_path):
    # nearest-neighbor enlargement of 1.5 times the pixel minus 20.5: halves, and both ends
    inputs = keras.Input((None, None, 3))
    outputs = keras.layers.UpSampling2D(2)(keras.layers.Rescaling(1.5, -20.5)(inputs))
    model = keras.Model(inputs, outputs)
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    export(model, tmp_path / "ramp.tflite", representative=[ramp], progress=False)
    exact = np.arange(256) * 1.5 - 20.5
    expected = np.clip(np.floor(exact + 0.5), 0, 255).astype(np.uint8)
    sr = LiteModel(tmp_path / "ramp.tflite")(ramp)
    np.testing.assert_array_equal(sr[::2, ::2, 0].ravel(), expected)


def test_quantized_weights_make_files_smaller(tmp_path):
    model = build_secn(blocks=2, filters=32)
    picture = [noise((32, 32), 0)]
    sizes = {}
    for kind in ("none", "float16", "dynamic"):
        export(model, tmp_path / kind, kind, representative=picture, progress=False)
        sizes[kind] = (tmp_path / kind).stat().st_size
    assert sizes["float16"] < 0.6 * sizes["none"] and sizes["dynamic"] < 0.35 * sizes["none"]


def test_fixed_size_serves_other_sizes_by_tiles(model, pictures, tmp_path):
    # without squeeze-and-excitation a tile knows all there is to know within the receptive field
    model = build_secn(blocks=1, filters=8)
    model.get_layer("block_0").se.excite.set_weights([np.zeros((1, 8)), np.ones(8)])
    path = tmp_path / "fixed.tflite"
    facts = export(model, path, shape=(32, 40), representative=pictures, progress=False)
    assert facts["shape"] == [32, 40]
    lite = LiteModel(path, overlap=8)
    assert lite.fixed_size == (32, 40) and lite.scale == 2
    for size in [(32, 40), (70, 95), (33, 41), (64, 40)]:
        picture = noise(size, 3)
        error = np.abs(lite(picture).astype(int) - image_upscaler(model)(picture))
        assert error.max() <= 1, size
    small = noise((20, 17), 3)
    assert lite(small).shape == (40, 34, 3)
    # only the border that padding replaced may differ
    error = np.abs(lite(small).astype(int) - image_upscaler(model)(small))
    assert error[:24, :18].max() <= 1


def test_export_refuses(model, pictures, tmp_path, monkeypatch):
    out = tmp_path / "out.tflite"
    monkeypatch.setattr(sys.modules["keras_secn.lite.export"], "SAMPLES", tmp_path / "nothing")
    classifier = keras.Sequential([keras.Input((24, 24, 3)), keras.layers.Flatten()])
    cases = {
        "not a super-resolution": dict(model=classifier),
        "quantization must be": dict(quantization="int4"),
        "no representative images": dict(quantization="int8", representative=None),
        "does not fit": dict(shape=(2, 2)),
        "shape must be": dict(shape="big"),
        "io must be": dict(io="int8"),
        "uint8 arrays": dict(representative=[np.zeros((8, 8))]),
        "no such folder": dict(representative=tmp_path / "absent"),
    }
    for message, options in cases.items():
        options = {"model": model, "representative": pictures, **options}
        with pytest.raises(UserError, match=message):
            export(path=out, progress=False, **options)
    with pytest.raises(UserError, match="is a folder"):
        export(model, tmp_path, representative=pictures, progress=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        export(model, tmp_path / "file" / "out.tflite", representative=pictures, progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_a_file_that_differs_from_keras_is_not_left_behind(model, pictures, tmp_path, monkeypatch):
    out = tmp_path / "out.tflite"
    out.write_text("older")
    monkeypatch.setitem(BOUNDS, "dynamic", 99.0)
    with pytest.raises(UserError, match="differs from Keras"):
        export(model, out, "dynamic", representative=pictures, progress=False)
    assert out.read_text() == "older" and [p.name for p in tmp_path.iterdir()] == ["out.tflite"]
