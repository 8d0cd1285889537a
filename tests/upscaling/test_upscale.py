"""Upscaler: equal to the network on the whole image, whatever the tiles, engine and type."""

import keras
import numpy as np
import pytest
from arrays import largest_difference, noise
from odd_files import picture
from PIL import Image

from keras_secn.metrics.protocol import image_upscaler
from keras_secn.upscaling import enlarge, tiling
from keras_secn.upscaling.engines.keras import KerasEngine
from keras_secn.upscaling.upscale_picture import upscale
from keras_secn.upscaling.upscaler import Upscaler
from keras_secn.utils.errors import UserError


@pytest.fixture(scope="module")
def reference(tiny_network):
    return image_upscaler(tiny_network)


@pytest.fixture(scope="module")
def on_keras(tiny_network):
    return Upscaler(tiny_network, tile=40)


def test_equals_the_network_on_the_whole_image(on_keras, reference):
    # 90 x 121 takes six tiles of 40
    for shape in [(90, 121, 3), (40, 33, 3), (6, 60, 3)]:
        image = noise(*shape)
        assert largest_difference(on_keras(image), reference(image)) <= 1


def test_litert_equals_keras(tiny_file, on_keras):
    on_litert = Upscaler(tiny_file, tile=64)
    for shape in [(90, 121, 3), (1, 1, 3), (3, 70, 3)]:
        image = noise(*shape, seed=1)
        assert largest_difference(on_litert(image), on_keras(image)) <= 1


@pytest.mark.parametrize("shape", [(75, 141, 3), (200, 6, 3)])
def test_large_images_do_not_depend_on_tiles(tiny_file, shape, small_limits):
    image = noise(*shape, seed=2)
    first = Upscaler(tiny_file, tile=33)(image)
    for tile in (50, 64, 1000):
        assert largest_difference(Upscaler(tiny_file, tile=tile)(image), first) <= 1


def test_the_next_picture_does_not_load_the_file_again(tiny_file, small_limits, monkeypatch):
    from keras_secn.lite.runtime import Runtime

    loaded, load = [], Runtime.open
    monkeypatch.setattr(Runtime, "open", lambda self: loaded.append(self) or load(self))
    upscaler = Upscaler(tiny_file, tile=40)
    image = noise(75, 141, 3)
    first = upscaler(image)
    assert len(loaded) == 2  # gates and tiles
    np.testing.assert_array_equal(upscaler(image), first)
    assert len(loaded) == 2
    upscaler(image[:30, :30])  # whole: tiles and whole pictures never hold their memory both
    upscaler(image)
    assert len(loaded) == 4


def test_sampled_gates_are_near_the_exact_ones(tiny_network, small_limits):
    engine = KerasEngine(tiny_network)
    image = picture(200, 150).astype(np.float32)
    exact = engine.pool(image[None])
    patches = np.stack([image[place] for place in tiling.sample(150, 200)])
    assert len(patches) == 4
    sampled = engine.pool(patches)
    assert np.abs(sampled - exact).max() < 0.02 < np.abs(exact - exact.mean()).max()


def test_ensemble_is_the_mean_over_eight_views(tiny_network, tiny_file):
    image = noise(41, 52, 3, seed=3)
    expected = image_upscaler(tiny_network, ensemble=True)(image)
    for tile in (36, 64):
        result = Upscaler(tiny_file, ensemble=True, tile=tile)(image)
        assert largest_difference(result, expected) <= 1


@pytest.mark.parametrize("window", [None, (32, 32)])
def test_other_files_run_in_tiles_of_their_own(tiny_file, reference, window):
    from keras_secn.upscaling.engines.litert import PlainFileEngine

    # what any program sees of our file: one picture in, one out, gates from what it is given
    engine = PlainFileEngine(tiny_file, threads=1)
    engine.window, engine.radius = window, 8
    enlarger = enlarge.Enlarger(engine, tile=40)
    for shape in [(30, 32, 3), (90, 75, 3), (3, 50, 3)]:
        image = picture(shape[1], shape[0])
        result = np.concatenate(list(enlarger.bands(image)))
        expected = reference(image)
        assert result.shape == expected.shape and result.dtype == np.uint8
        difference = np.abs(result.astype(int) - expected)
        # gates differ from tile to tile; a strip of 3 rows is all edge, and its edge is repeated
        # where the network itself would pad with zeros
        assert difference.mean() < (1 if min(shape[:2]) >= 6 else 6)


def test_16_bits_pass_through_a_file_of_8(tiny_file):
    from keras_secn.upscaling.engines.litert import PlainFileEngine

    enlarger = enlarge.Enlarger(PlainFileEngine(tiny_file, threads=1), tile=64)
    image = picture(20, 18)
    eight, sixteen = (
        np.concatenate(list(enlarger.bands(given)))
        for given in (image, image.astype(np.uint16) * 257)
    )
    np.testing.assert_array_equal(sixteen, eight.astype(np.uint16) * 257)


def test_x4_is_x2_twice(tiny_file, reference):
    image = picture(20, 17)
    result = Upscaler(tiny_file, scale=4)(image)
    assert result.shape == (68, 80, 3)
    # the reference rounds between the two passes
    assert largest_difference(result, reference(reference(image))) <= 2


def test_types_of_arrays(tiny_file):
    upscaler = Upscaler(tiny_file)
    color = picture(15, 12)
    wide = upscaler(color)
    for channels in (1, 3, 4):
        for dtype in (np.uint8, np.uint16, np.float32, np.float64):
            white = 1 if np.issubdtype(dtype, np.floating) else np.iinfo(dtype).max
            image = picture(15, 12, channels)
            given = (image / 255 * white).astype(dtype) if white == 1 else image.astype(dtype)
            given = given * dtype(257) if white == 65535 else given
            result = upscaler(given)
            assert result.shape == (24, 30, channels) and result.dtype == dtype
            eight = upscaler(image)
            assert np.abs(result / white - eight / 255).max() <= 0.51 / 255
    gray = upscaler(color[..., 0])
    assert gray.shape == (24, 30)
    assert largest_difference(gray[..., None], upscaler(color[..., :1])) == 0
    assert largest_difference(upscaler(np.ascontiguousarray(color[:, ::-1])[:, ::-1]), wide) == 0
    deep = color * np.uint16(257)
    other_order = upscaler(deep.astype(">u2"))
    assert other_order.dtype == ">u2"
    np.testing.assert_array_equal(other_order, upscaler(deep))


def test_16_bits_are_more_than_8(tiny_file):
    # a slope of 3 gray levels: 8 bits leave 4 values of it
    slope = np.linspace(25000, 25771, 40).astype(np.uint16)[None].repeat(8, axis=0)
    result = Upscaler(tiny_file)(slope)
    assert result.dtype == np.uint16 and len(np.unique(result[8, 8:-8])) > 30


def test_pillow_images_come_back_as_such(tiny_file):
    modes = [("L", "L"), ("1", "L"), ("P", "RGB"), ("RGBA", "RGBA"), ("LA", "LA"), ("La", "LA")]
    for mode, expected in modes:
        image = Image.fromarray(picture())
        image = image.convert("LA").convert(mode) if mode == "La" else image.convert(mode)
        image.info["icc_profile"] = b"profile"
        result = upscale(image, model=tiny_file)
        assert isinstance(result, Image.Image)
        assert (result.mode, result.size) == (expected, (26, 22))
        assert result.info["icc_profile"] == b"profile"


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((4, 4, 4, 3), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 3), np.int32),
        np.full((4, 4, 3), 2.0),
        np.full((4, 4, 3), np.nan),
        Image.new("F", (4, 4)),
        Image.new("RGB", (0, 4)),
        [[1, 2], [3, 4]],
    ],
    # an image's text has its address, which differs from process to process
    ids=[
        "channels",
        "batch",
        "empty",
        "int32",
        "above_1",
        "nan",
        "float_image",
        "empty_image",
        "list",
    ],
)
def test_refuses_what_has_no_agreed_meaning(tiny_file, image):
    with pytest.raises(UserError):
        Upscaler(tiny_file)(image)


def test_refuses_options_that_do_not_fit(tiny_file, tiny_network, tmp_path):
    for options in [
        {"scale": 17},
        {"scale": 1},
        {"scale": 2, "width": 100},
        {"fast": True},
        {"best": True},
        {"precision": "int8"},
        {"tile": 20},
        {"tile": "large"},
        {"tile": float("inf")},
        {"threads": 0},
        {"engine": "keras"},
        {"engine": "cuda"},
    ]:
        with pytest.raises(UserError):
            Upscaler(tiny_file, **options)
    with pytest.raises(UserError, match="threads must be a whole number"):
        Upscaler(tiny_file, threads=-3)
    same_size = keras.Sequential([keras.Input((None, None, 3)), keras.layers.ReLU()])
    with pytest.raises(UserError, match="not a super-resolution network"):
        Upscaler(same_size, scale=2)
    with pytest.raises(UserError, match="as a file"):
        Upscaler(tiny_network, engine="litert")
    with pytest.raises(UserError, match="unknown preset"):
        Upscaler("no_such_preset")
    with pytest.raises(UserError, match="no such file"):
        Upscaler(tmp_path / "none.tflite")
