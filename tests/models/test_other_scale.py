"""Networks for x3 and x4 start from the x2 network of their name."""

import keras
import numpy as np
import pytest
from pictures import noise
from system_run import carry_over
from wide_start import widen

from keras_secn import models, presets
from keras_secn.metrics import ValidationSet, bicubic_upscaler, evaluate
from keras_secn.models.edsr_trunk import build_network
from keras_secn.models.mobile import build_pocket_secn
from keras_secn.models.other_scale import start_from_other_scale
from keras_secn.models.secn import build_ct_secn, build_secn
from keras_secn.models.vdsr import build_vdsr
from keras_secn.rewrite.fold_collapsible import fold
from keras_secn.utils.errors import UserError


def pocket(size, scale):
    return build_pocket_secn(size, scale, collapsible=False)


def picture(model, image):
    return keras.ops.convert_to_numpy(model(image[None].astype("float32")))[0]


@pytest.mark.parametrize("scale", [3, 4])
@pytest.mark.parametrize("kinds", [["se", "separable"], ["residual"]])
def test_all_but_the_upsamplers_is_copied(scale, kinds):
    keras.utils.set_random_seed(0)
    source, target = build_network(kinds, 2, 8), build_network(kinds, scale, 8)
    carry_over(source, target)
    ours = {weight.path: weight for weight in target.weights}
    for weight in source.weights:
        if not weight.path.startswith("upsample_0") or scale == 4:
            np.testing.assert_array_equal(ours[weight.path], weight)


@pytest.mark.parametrize("scale", [3, 4])
def test_a_picture_that_rises_evenly_is_enlarged_as_the_x2_network_does(scale):
    """On a ramp, interpolation between subpixels is exact: x3 and x4 continue what x2 draws."""
    source = pocket("s", 2)
    layer = source.get_layer("tail")
    # each subpixel takes its place between its neighbors: linear interpolation
    kernel, bias = (np.zeros_like(w) for w in layer.get_weights())
    layer.set_weights([kernel, bias + np.repeat([-0.1, 0.1, -0.1, 0.1], 3)])
    target = pocket("s", scale)
    start_from_other_scale(source, target)
    bias = target.get_layer("tail").get_weights()[1].reshape(scale, scale, 3)
    position = (np.arange(scale) + 0.5) / scale - 0.5
    expected = np.broadcast_to(0.4 * position[None, :, None], (scale, scale, 3))
    np.testing.assert_allclose(bias, expected, atol=1e-6)


def test_a_wide_network_starts_from_a_folded_one_of_another_scale():
    keras.utils.set_random_seed(0)
    folded = pocket("s", 2)
    expected = pocket("s", 4)
    start_from_other_scale(folded, expected)
    wide = build_pocket_secn("s", 4)
    widen(folded, wide)
    image = noise((12, 17), 1)
    np.testing.assert_allclose(picture(fold(wide), image), picture(expected, image), atol=1e-2)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (build_secn(blocks=2, filters=8), build_secn(3, blocks=3, filters=8)),
        (build_secn(blocks=2, filters=8), build_secn(3, blocks=2, filters=16)),
        (
            pocket("s", 2),
            pocket("m", 3),
        ),
        (build_secn(blocks=2, filters=8), pocket("s", 4)),
        (build_ct_secn(2, blocks=2, filters=8), build_vdsr(3, depth=4)),
    ],
    ids=["blocks", "filters", "size", "family", "luminance"],
)
def test_networks_that_differ_in_more_are_refused(source, target):
    with pytest.raises(UserError, match="differ in more than their scale"):
        start_from_other_scale(source, target)


@pytest.mark.parametrize("scale", [3, 4])
@pytest.mark.parametrize("name", ["ct_secn_16", "pocket_secn_l"])
def test_the_start_is_well_above_bicubic(shared_data, name, scale):
    """Before its first step the network has what x2 learned: a decibel over bicubic or more."""
    source = presets.load(name)
    card = presets.preset_card(name)
    target = getattr(models, card["factory"])(**{**card["arguments"], "scale": scale})
    start_from_other_scale(source, target)
    photograph = shared_data / "set5" / "butterfly.png"
    bicubic = evaluate(bicubic_upscaler(scale), photograph, scale).mean("psnr_y")
    assert ValidationSet(photograph, scale).scores(target)["val_psnr"] > bicubic + 1


@pytest.mark.parametrize(("scale", "published"), [(3, 30.39), (4, 28.42)])
def test_bicubic_of_x3_and_x4_is_the_published_one(shared_data, scale, published):
    report = evaluate(bicubic_upscaler(scale), shared_data / "set5", scale)
    assert report.mean("psnr_y") == pytest.approx(published, abs=0.11)
