"""Animations from one format to another: frames, times, transparency, and what is no frame."""

import numpy as np
import pytest
from PIL import Image
from test_strangers import Doubling

from keras_secn.upscaling.upscale_file import upscale_file

COLORS = ["red", "green", "blue"]


def save(path, frames, **options):
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    return path


def shown(path):
    """(time, pixels) of each frame, as RGBA."""
    with Image.open(path) as image:
        result = []
        for number in range(image.n_frames):
            image.seek(number)
            pixels = np.asarray(image.convert("RGBA")).astype(int)
            result.append((image.info.get("duration"), pixels))
    return result


@pytest.mark.parametrize("target", ["png", "webp", "avif", "gif"])
def test_times_that_are_no_whole_milliseconds(tmp_path, target):
    frames = [Image.new("RGB", (8, 8), color) for color in COLORS]
    path = save(tmp_path / "a.png", frames, duration=100 / 3)
    out = upscale_file(Doubling(), path, tmp_path / f"out.{target}")
    times = [time for time, _ in shown(out)]
    assert len(times) == 3 and sum(times) == pytest.approx(100, abs=10 if target == "gif" else 1)


@pytest.mark.parametrize("source", ["png", "webp"])
def test_a_gif_whose_later_frames_are_transparent(tmp_path, source):
    colors = ["red", (0, 0, 0, 0), (0, 0, 255, 255)]
    frames = [Image.new("RGBA", (8, 8), color) for color in colors]
    frames[2].paste((0, 0, 0, 0), (0, 0, 4, 4))
    options = {"blend": 0} if source == "png" else {"lossless": True}
    path = save(tmp_path / f"a.{source}", frames, duration=100, **options)
    before = [pixels for _, pixels in shown(path)]
    out = upscale_file(Doubling(), path, tmp_path / "out.gif")
    for small, (_, large) in zip(before, shown(out), strict=True):
        assert np.array_equal(large[::2, ::2, 3], small[..., 3])
        seen = small[..., 3] > 0
        assert np.abs(large[::2, ::2] - small)[seen].max(initial=0) < 8


def test_a_gif_of_gray_frames_some_of_them_transparent(tmp_path):
    gray = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8))
    clear = Image.merge("LA", [gray, Image.new("L", (8, 8), 0)])
    path = save(tmp_path / "a.png", [gray.convert("LA"), clear], duration=100, blend=0)
    out = upscale_file(Doubling(), path, tmp_path / "out.gif")
    (_, first), (_, second) = shown(out)
    assert first[..., 3].min() == 255 and second[..., 3].max() == 0


@pytest.mark.parametrize("target", ["png", "webp", "avif", "gif"])
def test_the_picture_for_programs_that_know_no_animations_is_no_frame(tmp_path, target, recwarn):
    frames = [Image.new("RGB", (8, 8), color) for color in COLORS]
    path = save(tmp_path / "a.png", frames, duration=[40, 60], default_image=True)
    out = upscale_file(Doubling(), path, tmp_path / f"out.{target}")
    if target == "png":
        with Image.open(out) as image:
            assert image.info["default_image"] and image.n_frames == 3
            assert image.convert("RGB").getpixel((0, 0)) == (255, 0, 0)
        return
    made = shown(out)
    assert [time for time, _ in made] == [40, 60]
    assert made[0][1][0, 0, 1] > 100 > made[0][1][0, 0, 0]
    assert "stands for the animation" in str(recwarn[0].message)


def test_a_number_of_runs_that_avif_does_not_hold_is_noted(tmp_path, recwarn):
    frames = [Image.new("RGB", (8, 8), color) for color in COLORS]
    path = save(tmp_path / "a.webp", frames, duration=100, loop=3)
    upscale_file(Doubling(), path, tmp_path / "out.avif")
    assert "how often it runs (3)" in str(recwarn[0].message)
