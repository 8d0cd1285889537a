"""The cache: what it holds, what it notices, what it survives."""

import fcntl
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from pictures import PHOTO_SIZES, noise
from PIL import Image

from keras_secn.data import photo_cache
from keras_secn.data.imresize import imresize
from keras_secn.utils.errors import UserError


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
        os.utime(photos / "a.png", ns=(1, 1))  # as if the clock had been moved back
    else:
        options = {"scale": 4}
    cache = build_cache(**options)
    assert len(decoded) == len(cache) == {"added": 4, "removed": 2}.get(change, 3)
    # the old state's pixels are gone; another scale's may still be wanted
    assert len(list((tmp_path / "cache").glob("*/*.bin"))) == (2 if change == "scale" else 1)


@pytest.fixture
def small_shards(monkeypatch):
    """Shards of one photograph."""
    monkeypatch.setattr(photo_cache, "SHARD_PHOTOS", 1)


@pytest.mark.parametrize("change", ["added", "removed", "touched"])
def test_only_what_changed_is_built_again(small_shards, build_cache, photos, decoded, change):
    build_cache()
    decoded.clear()
    if change == "added":
        Image.fromarray(noise((30, 30), 9)).save(photos / "aa.png")
    elif change == "removed":
        (photos / "sub/b.png").unlink()
    else:
        os.utime(photos / "sub/b.png", ns=(1, 1))
    cache = build_cache()
    assert decoded == {"added": ["aa.png"], "removed": [], "touched": ["b.png"]}[change]
    names = [pathlib.Path(name).name for name in cache.names]
    for i, name in enumerate(names):  # whatever shard each is in
        seed = {"a.png": 0, "b.png": 1, "c.png": 2, "aa.png": 9}[name]
        hr = noise(PHOTO_SIZES.get(name, PHOTO_SIZES.get(f"sub/{name}", (30, 30))), seed)
        height, width = (length // 2 * 2 for length in hr.shape[:2])
        np.testing.assert_array_equal(cache.hr(i), hr[:height, :width])
        np.testing.assert_array_equal(cache.lr(i), imresize(hr[:height, :width], scale=0.5))


def test_shards_are_cut_by_bytes_count_and_name(monkeypatch):
    states = [(f"{number}.png", 1 << 20) for number in range(5000)]

    def lengths(states):
        ranges = list(photo_cache._ranges(states))
        assert ranges[0][0] == 0 and ranges[-1][1] == len(states)
        assert all(a[1] == b[0] for a, b in zip(ranges, ranges[1:], strict=False))
        return [end - start for start, end in ranges]

    assert max(lengths(states)) == photo_cache.SHARD_BYTES >> 20
    small = [(name, 100) for name, _ in states]
    assert photo_cache.SHARD_PHOTOS >= max(lengths(small)) > 64
    # a photograph more changes the shard it falls into, and no other
    before = {tuple(small[a:b]) for a, b in photo_cache._ranges(small)}
    small.insert(2500, ("new.png", 100))
    after = {tuple(small[a:b]) for a, b in photo_cache._ranges(small)}
    assert 1 <= len(after - before) <= 3


def test_cuts_do_not_depend_on_where_the_folder_lies():
    cuts = [
        list(photo_cache._ranges([(f"{parent}/photos/{n}.png", 100) for n in range(5000)]))
        for parent in ("/home/ada", "/mnt/disk")
    ]
    assert cuts[0] == cuts[1] and len(cuts[0]) > 5


@pytest.mark.parametrize("name", ["bin", "json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_damaged_cache_is_built_again(build_cache, decoded, name, damage):
    before = build_cache()
    pixels = [before.hr(i).copy() for i in range(3)], [before.lr(i).copy() for i in range(3)]
    (path,) = before.folder.glob(f"*.{name}")
    data = bytearray(path.read_bytes())
    del before
    data[len(data) // 2] ^= 0xFF
    if damage == "remove":
        path.unlink()
    else:
        path.write_bytes(data if damage == "flip" else data[: len(data) // 2])
    decoded.clear()
    cache = build_cache()
    if (name, damage) == ("bin", "flip"):  # noticed when the pixels are read
        assert not decoded
        with pytest.raises(UserError, match="damaged on the disk; the same command") as error:
            for i in range(3):
                cache.lr(i), cache.hr(i)
        assert "\n" not in str(error.value)
        cache = build_cache()
    assert len(decoded) == 3
    for i in range(3):
        np.testing.assert_array_equal(cache.hr(i), pixels[0][i])
        np.testing.assert_array_equal(cache.lr(i), pixels[1][i])


def test_copied_cache_is_as_good(build_cache, decoded, tmp_path, photos):
    cache = build_cache()
    for path in cache.folder.glob("*.bin"):
        os.utime(path, ns=(1, 1))
    decoded.clear()
    build_cache()
    assert not decoded


def test_open_cache_survives_its_replacement(build_cache, photos):
    cache = build_cache()
    before = cache.hr(1).copy()
    (photos / "a.png").unlink()
    build_cache()
    np.testing.assert_array_equal(cache.hr(1), before)


def test_full_disk_keeps_what_was_built(small_shards, build_cache, tmp_path, monkeypatch, decoded):
    calls = []

    def full_disk(handle, fsync=os.fsync):
        calls.append(handle)
        if len(calls) > 4:  # a shard is two files
            raise OSError(28, "No space left on device")
        fsync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match="No space"):
            build_cache()
    assert sorted(path.suffix for path in (tmp_path / "cache").glob("*/[!.]*")) == [
        *[".bin"] * 2,
        *[".json"] * 2,
    ]
    decoded.clear()
    assert len(build_cache()) == 3 and decoded == ["c.png"]


def test_what_a_killed_build_left_goes_unless_somebody_is_building(build_cache):
    folder = build_cache().folder
    left = folder / ".0123.abc.bin"
    left.write_bytes(b"half a shard")
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build_cache()
        assert left.exists()
    build_cache()
    assert not left.exists()


def test_photograph_replaced_while_it_is_read(build_cache, photos, monkeypatch, capsys):
    def read_image(path, original=photo_cache.read_image):
        pixels = original(path)
        if path.name == "b.png" and os.stat(path).st_mtime_ns != 5:
            os.utime(path, ns=(5, 5))
        return pixels

    monkeypatch.setattr(photo_cache, "read_image", read_image)
    assert len(build_cache()) == 2
    assert "b.png: changed while it was read" in capsys.readouterr().err
    assert len(build_cache()) == 3


BUILDER = """
import sys
from keras_secn.data.photo_cache import PhotoCache
cache = PhotoCache.build(sys.argv[1], sys.argv[2], progress=False)
assert len(cache) == 3 and all(cache.hr(i).any() and cache.lr(i).any() for i in range(3))
assert not {"keras", "tensorflow", "jax"} & set(sys.modules)
print(cache.folder)
"""


def test_two_processes_at_once_and_a_killed_one(photos, tmp_path, build_cache):
    command = [sys.executable, "-c", BUILDER, photos, tmp_path / "cache"]
    for seed, name in enumerate(PHOTO_SIZES):  # a little work, so that the builds overlap
        Image.fromarray(noise((1500, 1500), seed)).save(photos / name)
    killed = subprocess.Popen(command)
    deadline = time.monotonic() + 30
    while not list((tmp_path / "cache").glob("*/.*.bin")) and killed.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    builders = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    outputs = {builder.communicate()[0] for builder in builders}
    assert [builder.returncode for builder in builders] == [0, 0, 0]
    (folder,) = (tmp_path / "cache").iterdir()
    assert outputs == {f"{folder}\n"}
    assert build_cache().folder == folder
    # what the killed one left behind is gone
    assert sorted(path.suffix for path in folder.iterdir() if path.name != ".lock") == [
        ".bin",
        ".json",
    ]


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


def test_threads_end_with_a_build_that_fails(tmp_path):
    """A generator that is collected later, by one of its own threads, cannot join that thread."""
    ended = []

    def produce(start, end):
        try:
            yield "a", np.zeros((2, 2, 3), np.uint8), "no pixels"
            yield "b", np.zeros((2, 2, 3), np.uint8), np.zeros((1, 1, 3), np.uint8)
        finally:
            ended.append(threading.current_thread())

    with pytest.raises((TypeError, ValueError)) as failure:
        photo_cache.cache_pairs(
            tmp_path, "pictures", [("a", 1), ("b", 1)], 2, produce, strict=False, progress=False
        )
    # the traceback holds the generator still
    assert failure.tb and ended == [threading.current_thread()]
