"""int8 files: near the float files on photographs and pages, exact in tiles, chosen where fast."""

import pathlib

import keras
import numpy as np
import pytest
from odd_files import picture
from pictures import noise
from PIL import Image

from keras_secn import presets
from keras_secn.lite.interpreter import LiteModel
from keras_secn.lite.metadata import info
from keras_secn.lite.pages import page
from keras_secn.metrics.protocol import ValidationSet
from keras_secn.presets.lite_files import is_intact, preset_file
from keras_secn.upscaling import enlarge, tiling
from keras_secn.upscaling.engines.choose import choose_engine
from keras_secn.upscaling.engines.litert import lite_engine
from keras_secn.upscaling.networks import has_int8_dot_products
from keras_secn.utils.errors import UserError

DATA = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"
INT8 = [name for name in presets.list_presets() if preset_file(name, "int8").is_file()]


def enlarged(engine, image, tile):
    return np.concatenate(list(enlarge.Enlarger(engine, tile).bands(image)))


def test_the_network_for_many_pictures_has_an_int8_file():
    assert "pocket_secn_l" in INT8


@pytest.mark.parametrize("name", INT8)
def test_int8_files_are_smaller_and_hold_pixels_at_both_ends(name):
    path = preset_file(name, "int8")
    assert path.stat().st_size < preset_file(name).stat().st_size
    facts = info(path)
    assert (
        facts["io"] == "uint8" and facts["quantization"] == "int8" and facts["check"]["psnr"] > 38
    )
    engine = lite_engine(path)
    assert engine.scale == facts["scale"] == presets.preset_card(name)["scale"]


@pytest.mark.parametrize("name", INT8)
def test_tiles_equal_the_whole_picture(name, monkeypatch):
    monkeypatch.setattr(enlarge, "POOLED_WHOLE", 0)  # every picture is cut
    engine = lite_engine(preset_file(name, "int8"), threads=1)
    for size in [(130, 117), (6, 150)]:
        image = picture(*size[::-1])
        expected = engine.whole(image.astype(np.float32))
        result = enlarged(engine, image, 2 * engine.radius + tiling.SMALLEST_PART)
        assert (result == expected).all()


@pytest.mark.parametrize("name", INT8)
def test_int8_is_near_float_on_a_page_that_it_was_not_calibrated_on(name, tmp_path):
    for number in range(2):
        held_out = page((240, 320), number, seed=5, zoom=0.7)
        Image.fromarray(held_out).save(tmp_path / f"{number}.png")
    assert loss(name, tmp_path) < 0.06


@pytest.mark.parametrize("name", INT8)
def test_int8_is_near_float_on_photographs(name):
    if not (DATA / "set5").is_dir():
        pytest.skip("needs ../shared/data/set5")
    assert loss(name, DATA / "set5") < 0.06


def loss(name, folder):
    """How much PSNR-Y an int8 file has less than the float file, in dB."""
    truths = ValidationSet(folder, presets.preset_card(name)["scale"])
    scores = [
        truths.evaluate(LiteModel(preset_file(name, kind), threads=2)).mean("psnr_y")
        for kind in ("float32", "int8")
    ]
    return scores[0] - scores[1]


@pytest.mark.parametrize("name", INT8)
def test_precision_is_chosen_by_name(name):
    assert choose_engine(name, precision="int8").eight_bit
    assert not choose_engine(name, precision="float32").eight_bit
    assert not choose_engine(name).eight_bit
    assert is_intact(name, preset_file(name)) and is_intact(name, preset_file(name, "int8"))


def test_precisions_that_are_not_to_be_had_are_refused(tmp_path):
    for arguments, message in [
        (("pocket_secn_s", None, None, "int4"), "precision must be one of"),
        (("pocket_secn_s", "keras", None, "int8"), "presets on LiteRT"),
        ((preset_file("pocket_secn_s"), None, None, "int8"), "presets on LiteRT"),
        (("vdsr", None, None, "int8"), "is missing"),
    ]:
        with pytest.raises(UserError, match=message):
            choose_engine(*arguments)


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        ("processor : 0\nflags\t\t: fpu sse avx512f avx512_vnni\n", True),
        ("flags\t\t: fpu avx2 avx_vnni\n", True),
        ("Features\t: fp asimd asimddp\n", True),
        ("Features\t: fp asimd i8mm\n", True),
        ("flags\t\t: fpu sse avx2 avx512f\n", False),
        ("Features\t: fp asimd\n", False),
        ("model name\t: avx_vnni\nbugs\t: asimddp\n", False),
        ("", False),
    ],
)
def test_processors_with_8_bit_dot_products(cpuinfo, expected):
    assert has_int8_dot_products(cpuinfo) is expected


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="export needs TensorFlow")
def test_any_network_with_gates_gets_an_int8_file(tiny_network, tmp_path):
    from int8_tiles import export_int8_tiles

    path = tmp_path / "tiny.tflite"
    pictures = [noise((48, 48), seed) for seed in range(3)]
    facts = export_int8_tiles(tiny_network, path, representative=pictures)
    assert facts["tiles"] == {"radius": 8, "gated": True} == info(path)["tiles"]
    engine, image = lite_engine(path, threads=1), noise((50, 41), 7)
    expected = tiny_network.predict_on_batch(image[None].astype(np.float32))[0]
    error = np.clip(engine.whole(image.astype(np.float32)), 0, 255) - np.clip(expected, 0, 255)
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 38
