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
from keras_secn.utils.errors import UserError

pytest.importorskip("ai_edge_litert")
if keras.backend.backend() != "tensorflow":
    pytest.skip("export needs the TensorFlow backend", allow_module_level=True)

from keras_secn.lite.export import BOUNDS, export  # noqa: E402
from keras_secn.lite.interpreter import LiteModel  # noqa: E402
from keras_secn.lite.metadata import info  # noqa: E402

SIZES = [(37, 50), (24, 31), (9, 8)]
TFLITE = pathlib.Path(__file__).resolve().parents[2] / "tflite"


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


def test_info_tells_what_the_file_is(files):
    facts = info(files["int8", "uint8"])
    assert facts["scale"] == 2 and facts["quantization"] == "int8" and facts["io"] == "uint8"
    assert facts["value_range"] == [0, 255] and facts["layout"] == "NHWC"
    assert facts["shape"] == "dynamic" and facts["check"]["psnr"] >= BOUNDS["int8"]


def test_tiles_of_a_dynamic_file_agree_with_the_whole(files):
    picture = noise((61, 83), 5)
    whole = LiteModel(files["none", "uint8"])(picture).astype(int)
    tiled = LiteModel(files["none", "uint8"], tile=48)(picture)
    # the channel means of squeeze-and-excitation differ a little from tile to tile
    assert np.abs(tiled - whole).mean() < 1


def test_running_a_file_loads_no_framework(files):
    code = (
        "import sys, numpy as np; from keras_secn.lite import LiteModel;"
        f"LiteModel({str(files['none', 'uint8'])!r})(np.zeros((8, 8, 3), np.uint8));"
        "print([m for m in ('tensorflow', 'keras', 'jax', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


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
