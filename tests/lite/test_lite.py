"""LiteRT files: checked against Keras, run at any size, refused where they must be."""

import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
from pictures import noise
from scripts import script

from keras_secn.metrics.protocol import image_upscaler
from keras_secn.models.mobile import build_edsr_mobile
from keras_secn.models.secn import build_ct_secn, build_secn
from keras_secn.utils.errors import UserError

pytest.importorskip("ai_edge_litert")
if keras.backend.backend() != "tensorflow":
    pytest.skip("export needs the TensorFlow backend", allow_module_level=True)

from keras_secn.lite.export import BOUNDS, export  # noqa: E402
from keras_secn.lite.interpreter import LiteModel
from keras_secn.lite.metadata import info  # noqa: E402
from keras_secn.lite.quantize import equalize
from keras_secn.rewrite.fuse_body import fuse_body  # noqa: E402

SIZES = [(37, 50), (24, 31), (9, 8)]
TFLITE = pathlib.Path(__file__).resolve().parents[2] / "tflite"


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return build_ct_secn(n=1, blocks=2, filters=8)


@pytest.fixture(scope="module")
def pictures():
    return [noise((64, 64), seed) for seed in range(4)]


@pytest.fixture(scope="module")
def files(model, pictures, tmp_path_factory):
    """One file of each kind, of dynamic size, by quantization and type of pixels."""
    folder = tmp_path_factory.mktemp("lite")
    made = {}
    for quantization, io in [
        ("none", "uint8"),
        ("none", "float"),
        ("float16", "uint8"),
        ("dynamic", "uint8"),
        ("int8", "uint8"),
        ("int8", "float"),
        ("int16x8", "uint8"),
    ]:
        path = folder / f"{quantization}_{io}.tflite"
        export(model, path, quantization, representative=pictures, io=io, progress=False)
        made[quantization, io] = path
    return made


def difference(path, model, picture):
    return np.abs(LiteModel(path)(picture).astype(int) - image_upscaler(model)(picture))


@pytest.mark.parametrize("scale", [2, 3])
def test_fused_body_changes_nothing_at_any_edge(scale):
    keras.utils.set_random_seed(2)
    network = build_ct_secn(n=1, scale=scale, blocks=2, filters=6)
    for weight in network.weights:
        weight.assign(keras.random.normal(weight.shape, 0, 0.2, seed=weight.shape[0]))
    fused = fuse_body(network)
    names = [layer.name for layer in fused.layers]
    assert "beside_pixels" in names and "body" not in names
    for size in [(5, 5), (5, 31), (8, 9), (31, 6), (40, 12)]:
        image = noise(size, 4)[None].astype(np.float32)
        expected = network.predict_on_batch(image)
        result = fused.predict_on_batch(image)
        np.testing.assert_allclose(result, expected, atol=1e-5 * np.abs(expected).max())


def test_what_ends_otherwise_keeps_its_body():
    two_upsamplers = build_secn(scale=4, blocks=1, filters=4)
    assert "body" in [layer.name for layer in fuse_body(two_upsamplers).layers]
    mobile = build_edsr_mobile(filters=4, blocks=1)
    assert fuse_body(mobile) is mobile


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (3, 4), (40, 2)])
def test_int8_files_are_given_the_smallest_pictures_with_a_border(files, size):
    lite, image = LiteModel(files["int8", "uint8"]), noise(size, 5)
    larger = np.pad(image, [*((0, max(0, 8 - length)) for length in size), (0, 0)], "edge")
    np.testing.assert_array_equal(lite(image), lite(larger)[: 2 * size[0], : 2 * size[1]])


def test_float_files_equal_keras(files, model):
    for io in ("uint8", "float"):
        for seed, size in enumerate(SIZES):
            error = difference(files["none", io], model, noise(size, seed + 10))
            # one level where Keras stands on the edge of rounding
            assert error.max() <= 1 and np.mean(error > 0) < 0.01


@pytest.mark.parametrize(
    ("kind", "io", "bound"),
    [
        ("float16", "uint8", 1),
        ("dynamic", "uint8", 4),
        ("int8", "uint8", 8),
        ("int8", "float", 8),
        ("int16x8", "uint8", 4),
    ],
)
def test_quantized_files_are_near_keras_at_odd_sizes(files, model, kind, io, bound):
    path = files[kind, io]
    for seed, size in enumerate(SIZES[:2]):
        error = difference(path, model, noise(size, seed + 10))
        assert error.max() <= 2 * bound and error.mean() <= bound / 4


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


def test_int8_file_holds_integers_only(files):
    path = files["int8", "uint8"]
    operators = LiteModel(path, delegate=False).operators()
    assert "DEQUANTIZE" not in operators and "CAST" not in operators
    interpreter = LiteModel(path, delegate=False)._runtime.open()
    kinds = {np.dtype(detail["dtype"]).kind for detail in interpreter.get_tensor_details()}
    assert kinds <= {"i", "u"}
    # integers are pixels at both ends, whatever brightness the calibration met
    (first,), (last,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert first["quantization"] == last["quantization"] == (1.0, 0)


@pytest.mark.parametrize(
    ("kind", "sizes"), [("none", [(1, 1), (1, 6), (2, 2)]), ("int8", [(8, 8), (9, 20)])]
)
def test_the_pixel_shuffle_is_given_pixels(files, model, kind, sizes):
    interpreter = LiteModel(files[kind, "uint8"], delegate=False)._runtime.open()
    operators = interpreter._get_ops_details()
    (shuffle,) = [o for o in operators if o["op_name"] == "DEPTH_TO_SPACE"]
    details = {d["index"]: d for d in interpreter.get_tensor_details()}
    # not features, whose rounding costs the most
    assert details[shuffle["inputs"][0]]["shape_signature"][-1] == 3 * 2**2
    for size in sizes:
        assert difference(files[kind, "uint8"], model, noise(size, 3)).mean() < 3


def test_quantized_weights_make_files_smaller(tmp_path):
    model = build_secn(blocks=2, filters=32)
    picture = [noise((32, 32), 0)]
    sizes = {}
    for kind in ("none", "float16", "dynamic"):
        export(model, tmp_path / kind, kind, representative=picture, progress=False)
        sizes[kind] = (tmp_path / kind).stat().st_size
    assert sizes["float16"] < 0.6 * sizes["none"] and sizes["dynamic"] < 0.35 * sizes["none"]


def test_info_tells_what_the_file_is(files):
    facts = info(files["int8", "uint8"])
    assert facts["scale"] == 2 and facts["quantization"] == "int8" and facts["io"] == "uint8"
    assert facts["value_range"] == [0, 255] and facts["layout"] == "NHWC"
    assert facts["shape"] == "dynamic" and facts["check"]["psnr"] >= BOUNDS["int8"]


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


def test_tiles_of_a_dynamic_file_agree_with_the_whole(files):
    picture = noise((61, 83), 5)
    whole = LiteModel(files["none", "uint8"])(picture).astype(int)
    tiled = LiteModel(files["none", "uint8"], tile=48)(picture)
    # the channel means of squeeze-and-excitation differ a little from tile to tile
    assert np.abs(tiled - whole).mean() < 1


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


def test_running_a_file_loads_no_framework(files):
    code = (
        "import sys, numpy as np; from keras_secn.lite import LiteModel;"
        f"LiteModel({str(files['none', 'uint8'])!r})(np.zeros((8, 8, 3), np.uint8));"
        "print([m for m in ('tensorflow', 'keras', 'jax', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


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


def test_runtime_refuses(files, tmp_path):
    with pytest.raises(UserError, match="no such file"):
        LiteModel(tmp_path / "absent.tflite")
    (tmp_path / "text.tflite").write_text("not a model at all")
    with pytest.raises(UserError, match="not a LiteRT"):
        LiteModel(tmp_path / "text.tflite")
    with pytest.raises(UserError, match="not a LiteRT"):
        info(tmp_path / "text.tflite")
    import tensorflow as tf

    classifier = keras.Sequential([keras.Input((24, 24, 3), batch_size=1), keras.layers.Flatten()])
    content = tf.lite.TFLiteConverter.from_keras_model(classifier).convert()
    (tmp_path / "classifier.tflite").write_bytes(content)
    with pytest.raises(UserError, match="not a super-resolution network"):
        LiteModel(tmp_path / "classifier.tflite")
    with pytest.raises(UserError, match="uint8 picture"):
        LiteModel(files["none", "uint8"])(np.zeros((8, 8), np.uint8))
    for tile in (4, 0, -1):  # an integer file's strips at its edges would overlap
        with pytest.raises(UserError, match="tile must be at least 8"):
            LiteModel(files["none", "uint8"], tile=tile)


def run(name, *arguments):
    command = [sys.executable, TFLITE / name, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_scripts_print_tables(files, photos):
    done = run("benchmark.py", *files.values(), "--size=20x30", "--threads=1", "--rounds=2")
    assert done.returncode == 0, done.stderr
    assert all(path.name in done.stdout for path in files.values())
    both = files["none", "uint8"], files["int8", "uint8"]
    done = run("evaluate.py", *both, "--data_dir", photos)
    assert done.returncode == 0, done.stderr
    assert "**mean**" in done.stdout


def test_convert_script_reports_layers(model, photos, tmp_path, capsys):
    model.save(tmp_path / "model.keras")
    files = {"model": tmp_path / "model.keras", "out": tmp_path / "out.tflite"}
    options = {"quantization": "int8", "representative": photos, "report": True}
    script("tflite/convert.py", **files, **options)
    assert "| DEPTHWISE_CONV_2D |" in capsys.readouterr().out and files["out"].is_file()


@pytest.mark.parametrize(
    ("script", "arguments", "message"),
    [
        ("convert.py", ["--out=x.tflite"], "either --preset or --model"),
        ("convert.py", ["--out=x.tflite", "--model=a.keras", "--shape=big"], "a size is HxW"),
        ("convert.py", ["--out=x.tflite", "--model=absent.keras"], "no such file"),
        ("evaluate.py", ["a.tflite"], "usage"),
        ("evaluate.py", ["a.tflite", "--data_dir=x"], "no such file"),
        ("benchmark.py", ["absent.tflite"], "no such file"),
    ],
)
def test_scripts_refuse_in_one_line(script, arguments, message, tmp_path):
    done = run(script, *arguments)
    assert done.returncode == 1 and message in done.stderr
    assert "Traceback" not in done.stderr and len(done.stderr.strip().splitlines()) == 1
