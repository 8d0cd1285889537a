"""Upscaler: equal to the network on the whole image, whatever the tiles, engine and type."""

import keras
import numpy as np
import pytest
from odd_files import picture
from PIL import Image

from keras_secn import models
from keras_secn.layers import set_pooling
from keras_secn.metrics.protocol import image_upscaler
from keras_secn.rewrite.fuse_upsampler import fuse_upsampler
from keras_secn.upscaling import enlarge, tiling
from keras_secn.upscaling.engines.keras import KerasEngine
from keras_secn.upscaling.io.alpha import bleed, limits
from keras_secn.upscaling.upscale_picture import upscale
from keras_secn.upscaling.upscaler import Upscaler
from keras_secn.utils.errors import UserError


def noise(*shape, seed=0, dtype=np.uint8):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max + 1, shape, dtype)


def largest_difference(a, b):
    assert a.shape == b.shape and a.dtype == b.dtype
    return np.abs(a.astype(np.int64) - b).max()


@pytest.fixture
def small_limits(monkeypatch):
    """Images count as large from 40 x 40 pixels on, so that tests of sampling stay quick."""
    monkeypatch.setattr(tiling, "POOLED_WHOLE", 1600)
    monkeypatch.setattr(enlarge, "POOLED_WHOLE", 1600)
    monkeypatch.setattr(tiling, "SAMPLED", 1024)
    monkeypatch.setattr(tiling, "PATCH", 16)


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


def test_local_pooling_is_refused():
    model = set_pooling(models.build_ct_secn(n=1, blocks=1, filters=8), 24)
    with pytest.raises(UserError, match="local windows"):
        KerasEngine(model)


def test_layers_are_left_as_they_were(tiny_network):
    image = noise(1, 30, 30, 3).astype(np.float32)
    expected = tiny_network.predict_on_batch(image)

    def state():
        layers = tiny_network._flatten_layers()
        calls = [(vars(layer).keys(), len(layer._inbound_nodes)) for layer in layers]
        return calls, tiny_network.predict_function, tiny_network.to_json()

    before = state()
    engine = KerasEngine(tiny_network)
    engine.tile(image[0], engine.pool(image))
    engine.whole(image[0])
    assert state() == before
    np.testing.assert_array_equal(tiny_network.predict_on_batch(image), expected)


def wrapped(tiny_network):
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, keras.layers.Rescaling(0.5)(tiny_network(inputs)))


def in_a_row(tiny_network):
    return keras.Sequential([keras.Input((None, None, 3)), tiny_network])


@pytest.mark.parametrize("outer", [wrapped, in_a_row])
def test_gates_of_networks_in_networks(outer, tiny_network, small_limits):
    model = outer(tiny_network)
    image = noise(39, 41, 3)
    expected = Upscaler(model, tile=64)(image)
    found = Upscaler(model, tile=32)(image)
    assert largest_difference(found, expected) <= 1
    assert largest_difference(found, image_upscaler(model)(image)) <= 1


def test_gates_out_of_reach_are_refused(tiny_network):
    @keras.saving.register_keras_serializable("tests")
    class Around(keras.layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.inner = tiny_network

        def call(self, inputs):
            return self.inner(inputs)

        def compute_output_shape(self, shape):
            return self.inner.compute_output_shape(shape)

    inputs = keras.Input((None, None, 3))
    with pytest.raises(UserError, match="where tiles cannot reach it"):
        KerasEngine(keras.Model(inputs, Around()(inputs)))


# head and body 1 each, 2 a block, upsampler 1, tail 1 HR pixel
@pytest.mark.parametrize(
    ("build", "radius"),
    [
        (lambda: models.build_ct_secn(n=1, blocks=2, filters=8), 8),
        (lambda: models.build_edsr(blocks=3, filters=4), 10),
        (lambda: models.build_edsr(scale=3, blocks=1, filters=4), 6),
        (models.build_srcnn, 5),
    ],
)
def test_receptive_field_is_measured(build, radius):
    assert KerasEngine(build()).radius == radius


def test_a_network_that_sees_everything_runs_whole():
    inputs = keras.Input((None, None, 3))
    mean = keras.layers.GlobalAveragePooling2D(keepdims=True)(inputs)
    outputs = keras.layers.UpSampling2D(2)(inputs - mean)
    upscaler = Upscaler(keras.Model(inputs, outputs), tile=32)
    assert upscaler.engine.radius is None
    image = noise(80, 70, 3)
    expected = np.clip(np.floor(image - image.mean(axis=(0, 1)) + 0.5), 0, 255)
    expected = expected.repeat(2, axis=0).repeat(2, axis=1)
    assert np.abs(upscaler(image) - expected).max() <= 1


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_fused_upsampler_changes_nothing(scale):
    keras.utils.set_random_seed(2)
    model = models.build_edsr(scale=scale, blocks=1, filters=6)
    for weight in model.weights:
        weight.assign(keras.random.normal(weight.shape, 0, 0.2, seed=weight.shape[0]))
    fused = fuse_upsampler(model)
    assert fused is not model
    for size in [(1, 1), (1, 5), (2, 2), (2, 9), (3, 3), (3, 8), (4, 3), (6, 6), (7, 31), (40, 12)]:
        if scale == 4 and min(size) < 3:
            continue
        image = noise(1, *size, 3, seed=4).astype(np.float32)
        expected = model.predict_on_batch(image)
        result = fused.predict_on_batch(image)
        np.testing.assert_allclose(result, expected, atol=1e-5 * np.abs(expected).max())


def test_only_linear_ends_are_fused():
    for model in (models.build_srcnn(), models.build_srresnet(blocks=1, filters=4)):
        assert fuse_upsampler(model) is model


def test_no_fringes_and_no_haze_around_what_is_visible(tiny_file):
    # a red square; what is transparent around it holds green
    image = np.zeros((24, 24, 4), np.uint8)
    image[..., 1] = 255
    image[8:16, 8:16] = (255, 0, 0, 255)
    result = Upscaler(tiny_file)(image)
    # as if all had been red
    red = Upscaler(tiny_file)(np.full((24, 24, 3), (255, 0, 0), np.uint8))
    np.testing.assert_array_equal(result[..., :3], red)
    # beyond one pixel around the square there is nothing, well within it there is no hole
    alpha = result[..., 3].astype(int)
    assert alpha[18:30, 18:30].min() == 255
    alpha[14:34, 14:34] = 0
    assert alpha.max() == 0


def test_bleeding_keeps_what_is_visible():
    color, alpha = noise(19, 26, 3), noise(19, 26, 1, seed=1)
    alpha[alpha < 128] = 0
    result = bleed(color, alpha)
    shown = alpha[..., 0] > 0
    np.testing.assert_array_equal(result[shown], color[shown])
    flat = np.where(alpha > 0, np.uint8(77), color)
    np.testing.assert_array_equal(bleed(flat, alpha), np.full_like(flat, 77))


def test_limits_of_alpha_are_those_of_a_window():
    alpha = noise(9, 14, 1, seed=5)
    least, largest = limits(alpha)
    for y, x in np.ndindex(9, 14):
        window = alpha[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
        assert (least[y, x], largest[y, x]) == (window.min(), window.max())


def test_constant_alpha_stays_constant(tiny_file):
    image = noise(20, 20, 4)
    for value in (0, 99, 255):
        image[..., 3] = value
        result = Upscaler(tiny_file)(image)
        assert np.all(result[..., 3] == value)


@pytest.mark.parametrize("length", [1, 31, 32, 33, 100, 977])
@pytest.mark.parametrize("exactly", [False, True])
def test_cuts_cover_an_axis_once(length, exactly):
    cuts = tiling.cuts(length, tile=32, overlap=5, exactly=exactly)
    kept = [place for cut in cuts for place in range(cut.first, cut.last)]
    assert kept == list(range(length))
    assert len({cut.stop - cut.start for cut in cuts}) == 1
    for cut in cuts:
        assert 0 <= cut.start <= cut.first < cut.last <= cut.stop <= length
        assert cut.stop - cut.start <= 32
        assert cut.start == 0 or cut.first - cut.start >= 5
        assert cut.stop == length or cut.stop - cut.last >= 5
    if exactly and length >= 32:
        assert cuts[0].stop - cuts[0].start == 32


@pytest.mark.parametrize("size", [(513, 512), (2160, 3840), (1, 400_000), (300_000, 2), (70, 9000)])
def test_samples_lie_within_the_image_and_are_few(size):
    places = tiling.sample(*size)
    area = {(rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in places}
    assert len(area) == 1
    assert 0.3 * tiling.SAMPLED <= area.pop() * len(places) <= 1.1 * tiling.SAMPLED
    for rows, columns in places:
        assert 0 <= rows.start < rows.stop <= size[0]
        assert 0 <= columns.start < columns.stop <= size[1]
