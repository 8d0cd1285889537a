"""LiteRT files from elsewhere run."""

import keras
import numpy as np
import pytest
from pictures import noise

pytest.importorskip("ai_edge_litert")
if keras.backend.backend() != "tensorflow":
    pytest.skip("export needs the TensorFlow backend", allow_module_level=True)

from keras_secn.lite.interpreter import LiteModel  # noqa: E402
from keras_secn.lite.metadata import info  # noqa: E402


def foreign_file(path, kind, size=(24, 24), white=1.0):
    """A file as others make it: a plain conversion, fixed size, pixels as that kind has them."""
    import tensorflow as tf

    inputs = keras.Input((*size, 3), batch_size=1)
    model = keras.Model(inputs, keras.layers.UpSampling2D(3)(inputs))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if kind != tf.float32:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        ramp = np.linspace(0, white, 3 * size[0] * size[1], dtype=np.float32)
        converter.representative_dataset = lambda: [[ramp.reshape(1, *size, 3)]]
        converter.inference_input_type = converter.inference_output_type = kind
    path.write_bytes(converter.convert())


@pytest.mark.parametrize(
    ("kind", "white"), [("int8", 1.0), ("int8", 255.0), ("uint8", 1.0), ("float32", 1.0)]
)
def test_files_from_elsewhere_run(tmp_path, kind, white):
    import tensorflow as tf

    foreign_file(tmp_path / "f.tflite", getattr(tf, kind), white=white)
    assert info(tmp_path / "f.tflite") == {}
    lite = LiteModel(tmp_path / "f.tflite", value_range=white)
    assert lite.scale == 3
    picture = noise((24, 24), 0)
    expected = picture.repeat(3, axis=0).repeat(3, axis=1)
    assert np.abs(lite(picture).astype(int) - expected).max() <= 1
