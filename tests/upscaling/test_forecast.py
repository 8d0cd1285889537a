"""A run that will be long says so, and what is faster."""

import pytest
from odd_files import picture
from PIL import Image

from keras_secn import cli
from keras_secn.upscaling import forecast


def test_the_speed_so_far_holds():
    assert forecast.seconds_left(10, done=1_000_000, total=7_000_000) == 60
    assert forecast.seconds_left(10, done=5, total=5) == 0


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ([], "--fast"),
        (["--preset", "ct_secn_16"], "--fast"),
        (["--ensemble", "--fast"], "--ensemble"),
        (["--fast"], None),
        (["--preset", "pocket_secn_m"], None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_long_run_names_what_is_faster_once(tmp_path, monkeypatch, capsys, options, advice):
    monkeypatch.chdir(tmp_path)
    # every run counts as long
    monkeypatch.setattr(forecast, "EARLY", 0)
    monkeypatch.setattr(forecast, "LONG", 0)
    for name in ("a.png", "b.png"):
        Image.fromarray(picture(24, 20)).save(name)
    assert cli.main(["upscale", "a.png", "b.png", *options]) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "minutes are left" in line]
    assert len(notes) == (advice is not None)
    assert advice is None or advice in notes[0]


def test_a_short_run_says_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(picture(24, 20)).save("a.png")
    assert cli.main(["upscale", "a.png"]) == 0
    assert "minutes" not in capsys.readouterr().err
