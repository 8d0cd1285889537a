"""The cache: what it holds, what it notices, what it survives."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from pictures import PHOTO_SIZES, noise
from PIL import Image

from keras_secn import photo_cache
from keras_secn.errors import UserError
from keras_secn.imresize import imresize


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that were read, in the order of reading."""
    names = []

    def read_image(path, original=photo_cache.read_image):
        names.append(path.name)
        return original(path)

    monkeypatch.setattr(photo_cache, "read_image", read_image)
    return names


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_cache_holds_crops_and_their_imresize(build_cache, scale):
    cache = build_cache(scale=scale)
    assert [pathlib.Path(name).name for name in cache.names] == ["a.png", "b.png", "c.png"]
    for i, (height, width) in enumerate(PHOTO_SIZES.values()):
        hr = noise((height, width), i)[: height // scale * scale, : width // scale * scale]
        np.testing.assert_array_equal(cache.hr(i), hr)
        np.testing.assert_array_equal(cache.lr(i), imresize(hr, scale=1 / scale))


def test_unchanged_photographs_are_decoded_once(build_cache, decoded):
    build_cache()
    assert len(decoded) == 3
    build_cache(strict=True)
    assert len(decoded) == 3


@pytest.mark.parametrize("change", ["added", "removed", "replaced", "touched", "scale"])
def test_changes_are_noticed(build_cache, photos, tmp_path, decoded, change):
    build_cache()
    decoded.clear()
    options = {}
    if change == "added":
        Image.fromarray(noise((30, 30), 9)).save(photos / "new.png")
    elif change == "removed":
        (photos / "a.png").unlink()
    elif change == "replaced":
        Image.fromarray(noise((44, 44), 9)).save(photos / "a.png")
    elif change == "touched":
        os.utime(photos / "a.png", ns=(1, 1))
    else:
        options = {"scale": 4}
    cache = build_cache(**options)
    assert len(decoded) == len(cache) == {"added": 4, "removed": 2}.get(change, 3)
    # the old state's cache is gone; another scale's may still be wanted
    kept = [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]
    assert len(kept) == (2 if change == "scale" else 1)


@pytest.mark.parametrize("name", ["hr.bin", "lr.bin", "index.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_damaged_cache_is_rebuilt(build_cache, decoded, name, damage):
    before = build_cache()
    pixels = [before.hr(i).copy() for i in range(3)], [before.lr(i).copy() for i in range(3)]
    path = before.folder / name
    data = bytearray(path.read_bytes())
    del before
    data[len(data) // 2] ^= 0xFF
    if damage == "remove":
        path.unlink()
    else:
        path.write_bytes(data if damage == "flip" else data[: len(data) // 2])
    decoded.clear()
    cache = build_cache()
    assert len(decoded) == 3
    for i in range(3):
        np.testing.assert_array_equal(cache.hr(i), pixels[0][i])
        np.testing.assert_array_equal(cache.lr(i), pixels[1][i])


def test_open_cache_survives_its_replacement(build_cache, photos):
    cache = build_cache()
    before = cache.hr(1).copy()
    (photos / "a.png").unlink()
    build_cache()
    np.testing.assert_array_equal(cache.hr(1), before)


def test_interrupted_build_leaves_nothing(build_cache, tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(photo_cache.os, "fsync", full_disk)
        with pytest.raises(OSError, match="No space"):
            build_cache()
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]
    assert len(build_cache()) == 3


BUILDER = """
import sys
from keras_secn.photo_cache import PhotoCache
cache = PhotoCache.build(sys.argv[1], sys.argv[2], progress=False)
assert not cache.damaged() and len(cache) == 3
assert not {"keras", "tensorflow", "jax"} & set(sys.modules)
print(cache.folder)
"""


def test_two_processes_at_once_and_a_killed_one(photos, tmp_path, build_cache):
    command = [sys.executable, "-c", BUILDER, photos, tmp_path / "cache"]
    for seed, name in enumerate(PHOTO_SIZES):  # a little work, so that the builds overlap
        Image.fromarray(noise((1500, 1500), seed)).save(photos / name)
    killed = subprocess.Popen(command)
    deadline = time.monotonic() + 30
    while not list((tmp_path / "cache").glob(".*building*")) and killed.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    builders = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    outputs = {builder.communicate()[0] for builder in builders}
    assert [builder.returncode for builder in builders] == [0, 0, 0]
    folders = [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]
    assert outputs == {f"{folders[0]}\n"} and len(folders) == 1
    assert str(build_cache().folder) == str(folders[0])


def test_unusable_files_are_named_and_skipped(build_cache, photos, capsys):
    (photos / "text.jpg").write_text("no picture")
    data = (photos / "a.png").read_bytes()
    (photos / "cut.png").write_bytes(data[: len(data) // 2])
    Image.fromarray(noise((40, 8), 9)).save(photos / "small.png")
    for _ in range(2):  # a cache that is opened again warns again
        cache = build_cache(min_hr=16)
        assert len(cache) == 3
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 3
        for name, line in zip(["cut.png", "small.png", "text.jpg"], lines, strict=True):
            assert line.startswith("warning: skipped") and name in line
        assert "8x40 pixels, less than 16x16" in lines[1]
        with pytest.raises(UserError, match=r"cut\.png.*small\.png.*text\.jpg") as error:
            build_cache(min_hr=16, strict=True)
        assert "\n" not in str(error.value)


def test_nothing_usable(build_cache, photos, tmp_path):
    with pytest.raises(UserError, match="3 of 3 photographs cannot be used.*less than 100x100"):
        build_cache(min_hr=100)
    with pytest.raises(UserError, match="no folder of photographs"):
        build_cache([])
    with pytest.raises(UserError, match="no such folder"):
        build_cache([photos, tmp_path / "missing"])
    with pytest.raises(UserError, match="scale"):
        build_cache(scale=1.5)
    for path in photos.rglob("*.png"):
        path.rename(path.with_suffix(".txt"))
    with pytest.raises(UserError, match="no images in"):
        build_cache()


def test_overlapping_folders_count_once(build_cache, photos):
    assert len(build_cache([photos, photos / "sub", photos / "a.png"])) == 3
