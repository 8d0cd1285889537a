"""Faults of the cache of photographs: killed builds, damaged files, a full disk."""

import contextlib
import subprocess
import sys
import time

from fault_bench import damage, fault, last_line, small_disk
from pictures import noise
from PIL import Image

BUILDER = """
import sys, zlib
from keras_secn.data import photo_cache
photo_cache.SHARD_PHOTOS = 4
from keras_secn.training.app import run_app
def main(argv):
    cache = photo_cache.PhotoCache.build(argv[1], argv[2], progress=False)
    sums = [zlib.crc32(f(i)) for i in range(len(cache)) for f in (cache.lr, cache.hr)]
    print(zlib.crc32(str(sums).encode()), cache.names == sorted(cache.names), len(cache))
sys.argv.insert(1, "--")
run_app(main, positional=True)
"""


def builder(bench, cache):
    photos = bench.folder / "many"
    if not photos.exists():
        photos.mkdir()
        for number in range(24):
            Image.fromarray(noise((300, 320), number)).save(photos / f"{number:02d}.jpg")
    command = [sys.executable, "-c", BUILDER, photos, cache]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def built(bench, cache):
    process = builder(bench, cache)
    text, _ = process.communicate()
    assert process.returncode == 0, text
    return text


@fault("cache", "kill -9 at random moments")
def killed_build(bench, rounds):
    started, whole = time.monotonic(), bench.fresh("whole")
    expected = built(bench, whole)
    seconds = time.monotonic() - started
    kills = 0
    while kills < rounds:
        cache = bench.fresh("killed-cache")
        for _ in range(3):
            process = builder(bench, cache)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(bench.random.uniform(0.2, 1) * seconds)
            kills += process.poll() is None
            process.kill()
            process.communicate()
        assert built(bench, cache) == expected
        # the same files, nothing left over
        assert {p.name for p in cache.glob("*/*")} == {p.name for p in whole.glob("*/*")}
    return kills, "a shard at most, built again", "none (kill -9)"


@fault("cache", "a file cut short, a bit flipped or a file removed")
def damaged_cache(bench, rounds):
    cache = bench.fresh("damaged-cache")
    expected = built(bench, cache)
    for number in range(rounds):
        path = bench.random.choice([p for p in sorted(cache.glob("*/*")) if p.name != ".lock"])
        if number % 3 == 2:
            path.unlink()
        else:
            damage(path, bench.random, number)
        assert built(bench, cache) == expected
    return rounds, "a shard, built again", "none"


@fault("cache", "disk full")
def full_disk_cache(bench, rounds):
    expected = built(bench, bench.fresh("whole"))
    for kilobytes in (200, 1000, 3000, 7000)[: max(1, rounds)]:
        with small_disk(bench, kilobytes) as disk:
            process = builder(bench, disk / "cache")
            text, _ = process.communicate()
            assert process.returncode == 1, text
            line = last_line(text)
            assert "No space left" in line
            subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)
            assert built(bench, disk / "cache") == expected
    return min(4, max(1, rounds)), "nothing that was built", line
