"""Every system of the registry: published counts, and conversion. See also tests/contract."""

import math

import keras
import numpy as np
import pytest
from pictures import noise

from keras_secn import lite, models
from keras_secn.data.color import rgb_to_y
from keras_secn.data.imresize import imresize
from keras_secn.layers import BicubicUpsample, Luminance, WithLuminance, luminance
from keras_secn.lite.pictures import SAMPLES, low_resolution, middle
from keras_secn.metrics.complexity import multiply_adds
from keras_secn.metrics.protocol import image_upscaler
from keras_secn.models.registry import SYSTEMS, system
from keras_secn.models.srresnet import build_discriminator
from keras_secn.utils.errors import UserError

UNITS = {"K": 1e3, "M": 1e6}
every_system = pytest.mark.parametrize("name", SYSTEMS)
# these differ from another one in widths alone, once they are small
SAME = {"srcnn_955", "edsr_large", "secn_large"}
every_converted_system = pytest.mark.parametrize("name", [n for n in SYSTEMS if n not in SAME])
needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="conversion needs the TensorFlow backend"
)


def small(name, scale=2):
    keras.utils.set_random_seed(0)
    return SYSTEMS[name].build(scale, **SYSTEMS[name].small)


def weights_alone(model):
    return sum(math.prod(w.shape) for w in model.weights if w.path.endswith("kernel"))


@every_system
def test_parameters_are_the_published_ones(name):
    entry = SYSTEMS[name]
    model = entry.build()
    assert model.count_params() == entry.parameters
    if entry.published:
        figure, what, scale = (*entry.published, 2)[:3]
        model = model if scale == 2 else entry.build(scale)
        count = model.count_params() if what == "all" else weights_alone(model)
        unit = UNITS.get(figure[-1], 1)
        digits = len(figure.rstrip("KM").partition(".")[2])
        # the literature rounds, or cuts off
        cut = math.floor(count / unit * 10**digits) / 10**digits
        assert float(figure.rstrip("KM")) in (round(count / unit, digits), cut)


@needs_tensorflow
@every_converted_system
def test_lite_file_gives_keras_picture(name, tmp_path):
    """`export` itself compares the file with Keras and refuses to write one that differs."""
    model, path = small(name), tmp_path / "model.tflite"
    pictures = [noise((20, 26), seed) for seed in (0, 1)]
    facts = lite.export(model, path, representative=pictures, progress=False)
    assert facts["check"]["psnr"] >= 60
    upscaled = lite.LiteModel(path)(noise((9, 15), 2))
    expected = image_upscaler(model)(noise((9, 15), 2))
    assert np.abs(upscaled.astype(int) - expected).max() <= 1


# their layers are those of the others, and a conversion to int8 takes seconds
SLOW = {"srcnn", "espcn", "drrn", "edsr", "secn"}


@needs_tensorflow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in SLOW else ())
        for name in SYSTEMS
        if name not in SAME
    ],
)
def test_int8_file_is_near_keras_picture(name, tmp_path):
    """Calibrated on parts of the samples; networks that are not equalized keep their extremes."""
    parts = [middle(picture, 64) for picture in low_resolution(SAMPLES, 2, 4)]
    path = tmp_path / "model.tflite"
    facts = lite.export(small(name), path, "int8", representative=parts, progress=False)
    assert facts["check"]["psnr"] >= 38


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (2, 5), (9, 7)])
def test_bicubic_layer_is_imresize(scale, size):
    image = np.random.default_rng(0).uniform(0, 255, (*size, 3))
    outputs = BicubicUpsample(scale)(image[None].astype("float32"))
    np.testing.assert_allclose(outputs[0], imresize(image, scale=scale), atol=1e-3)


def test_new_luminance_keeps_colors():
    rng = np.random.default_rng(0)
    pictures = rng.uniform(0, 255, (2, 4, 5, 3)).astype("float32")
    np.testing.assert_allclose(luminance(pictures)[..., 0], rgb_to_y(pictures[..., :3]), atol=1e-3)
    wanted = rng.uniform(0.1, 0.9, (2, 4, 5, 1)).astype("float32")
    outputs = WithLuminance()([pictures, wanted])
    np.testing.assert_allclose(Luminance()(outputs), wanted, atol=1e-5)
    # Cb and Cr are weighted differences of the channels
    np.testing.assert_allclose(np.diff(outputs), np.diff(pictures), atol=1e-3)


@pytest.mark.parametrize("name", ["srcnn", "fsrcnn", "vdsr", "drrn", "lapsrn", "aplus"])
def test_networks_on_luminance_leave_colors_to_bicubic(name):
    image = noise((12, 10), 0).astype("float32")
    outputs = np.asarray(small(name)(image[None]))[0]
    expected = np.asarray(BicubicUpsample(2)(image[None]))[0]
    np.testing.assert_allclose(np.diff(outputs), np.diff(expected), atol=1e-2)


@pytest.mark.parametrize(
    ("model", "giga"),
    [
        # published for a 1280x720 HR picture (Ahn et al., ECCV 2018, table 1)
        (lambda: models.build_srcnn(middle=5), 52.7),
        (lambda: models.build_vdsr(), 612.6),
        (lambda: models.build_drcn(), 17_974.3),
        (lambda: models.build_drrn(units=25), 6_796.9),
        (lambda: models.build_edsr(), 316.3),
        # features, correlation with 1,024 anchors, one regressor
        (lambda: models.build_aplus(), 34_800 * 640 * 360 / 1e9),
    ],
)
def test_multiply_adds_are_the_published_ones(model, giga):
    """Shared layers count at each use: DRCN's and DRRN's show it."""
    assert multiply_adds(model()) * 640 * 360 / 1e9 == pytest.approx(giga, rel=3e-3)


def test_lapsrn_counts_in_the_literature():
    assert weights_alone(models.build_lapsrn(depth=5)) // 1000 == 251
    # 812K: the features' transposed convolutions counted as 3x3, not 4x4
    saved = 2 * 64 * 64 * (4 * 4 - 3 * 3)
    assert (weights_alone(models.build_lapsrn(scale=4)) - saved) // 1000 == 812


def test_discriminator_judges_a_patch():
    assert build_discriminator().count_params() == 23_569_217
    model = build_discriminator(patch=32, filters=4, units=8)
    assert model(np.zeros((3, 32, 32, 3))).shape == (3, 1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: system("vgg"), "unknown system 'vgg'"),
        (lambda: system("vdsr").build(layers=3), "unexpected keyword argument 'layers'"),
        (lambda: system("lapsrn").build(3), "2 or 4 times"),
        (lambda: system("srresnet").build(5), "scale must be 2, 3 or 4, not 5"),
        (lambda: system("ct_srcnn").build(widths=()), "at least one feature map"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
