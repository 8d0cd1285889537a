"""Presets of one network for several scales and states of a picture."""

import pytest

from keras_secn import presets
from keras_secn.presets.family import Member, at_scale, member, scales
from keras_secn.upscaling.networks import Networks, Pass
from keras_secn.utils.errors import UserError

NAMES = {
    "ct_secn_16": Member("ct_secn_16"),
    "ct_secn_16_x4": Member("ct_secn_16", 4),
    "ct_secn_16_jpeg": Member("ct_secn_16", 2, True),
    "pocket_secn_l_jpeg_x3": Member("pocket_secn_l", 3, True),
    "srcnn_955": Member("srcnn_955"),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_say_scale_and_state(name):
    assert member(name) == NAMES[name]
    assert NAMES[name].name == name


def test_every_shipped_preset_has_the_scale_that_its_name_says():
    for name in presets.list_presets():
        assert presets.preset_card(name)["scale"] == member(name).scale
        assert member(name).name == name


@pytest.fixture
def shipped(monkeypatch):
    """Names that stand for presets; none is opened."""

    def only(*names):
        monkeypatch.setattr("keras_secn.presets.family.list_presets", lambda: list(names))

    return only


def test_a_scale_chooses_among_the_family(shipped):
    shipped("a", "a_x4", "a_jpeg", "b_x3")
    assert scales("a") == [2, 4] and scales("a", True) == [2] and scales("c") == []
    assert at_scale("a", 4) == at_scale("a_x4", 4) == "a_x4"
    assert at_scale("a_x4", 2) == "a"
    assert at_scale("a", 4.0) == "a_x4"
    with pytest.raises(UserError, match="x2, x4"):
        at_scale("a", 3)
    with pytest.raises(UserError, match="no preset of 'a_jpeg' enlarges 4"):
        at_scale("a_jpeg", 4)


@pytest.mark.parametrize(
    ("names", "needed", "rough", "labels"),
    [
        (("a", "a_x3", "a_x4"), 4, False, ["a_x4"]),
        (("a", "a_x3", "a_x4"), 3, False, ["a_x3"]),
        (("a", "a_x3", "a_x4"), 8, False, ["a_x4", "a"]),
        (("a",), 4, False, ["a", "a"]),
        (("a",), 2, True, ["a"]),
        (("a", "a_jpeg"), 2, True, ["a_jpeg"]),
        (("a", "a_jpeg"), 4, True, ["a_jpeg", "a"]),
        (("a", "a_x4", "a_jpeg"), 4, True, ["a_jpeg", "a"]),
        (("a", "a_x4", "a_jpeg", "a_jpeg_x4"), 8, True, ["a_jpeg_x4", "a"]),
        (("a", "a_x4"), 0.5, False, []),
        (("a", "ct_secn_16_jpeg"), 2, True, ["ct_secn_16_jpeg"]),
        (("a", "a_x4", "ct_secn_16_jpeg"), 4, True, ["ct_secn_16_jpeg", "a"]),
        (("a", "a_x4", "ct_secn_16_jpeg", "ct_secn_16"), 4, False, ["a_x4"]),
    ],
)
def test_the_first_network_is_the_one_for_the_pictures_state(shipped, names, needed, rough, labels):
    shipped(*names)
    networks = Networks.__new__(Networks)
    networks._network, networks._rough, networks._automatic = "a", False, True
    assert [step.label for step in networks.passes(needed, rough)] == labels


def test_a_preset_that_is_named_is_kept(shipped):
    shipped("a", "a_jpeg", "ct_secn_16_jpeg")
    networks = Networks.__new__(Networks)
    networks._network, networks._rough, networks._automatic = "a", False, False
    assert not networks.judges
    assert networks.passes(2, rough=True) == [Pass("a", 2)]


@pytest.mark.parametrize("options", [{"model": "secn", "fast": True}, {"fast": True, "best": True}])
def test_two_choices_are_refused(options):
    with pytest.raises(UserError, match="exclude each other"):
        Networks(**options)


def test_load_takes_a_scale():
    assert presets.load("pocket_secn_s", scale=2).name == "pocket_secn_s"
    with pytest.raises(UserError, match="enlarges 7 times"):
        presets.load("pocket_secn_s", scale=7)


def test_a_file_of_another_kind_is_no_mistyped_preset():
    with pytest.raises(UserError, match=r"unknown preset 'mine.h5'; a network's file ends in .ker"):
        presets.load("mine.h5")
