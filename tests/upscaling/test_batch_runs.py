"""Batches at work: one broken file is one line, results are as private as originals."""

import os
import pathlib

import numpy as np
import pytest
from odd_files import picture
from PIL import Image

from keras_secn.upscaling import batch
from keras_secn.upscaling.upscaler import Upscaler
from keras_secn.utils.errors import UserError


def make(*names):
    for name in names:
        pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture(9, 7)).save(name)


class Failing(Upscaler):
    """An `Upscaler` in which something breaks, half-way through one picture."""

    error = None

    def bands(self, pixels, tick=None, rough=None):
        rows = super().bands(pixels, tick, rough)
        if pixels.shape[:2] == (7, 10):
            yield next(iter(rows))[:4]
            raise self.error
        yield from rows


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RecursionError("too deep"),
        OSError(28, "No space left on device"),
        UserError("in two\nlines"),
        KeyError("x"),
        AssertionError(),
        UnicodeDecodeError("ascii", b"\xff", 0, 1, "bad"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_one_broken_file_never_ends_a_batch(folder, error, suffix):
    for name, width in [("a.png", 9), ("b.png", 10), ("c.png", 11)]:
        Image.fromarray(picture(width, 7)).save(name)
    upscaler = Failing("pocket_secn_s")
    upscaler.error = error
    made = batch.plan(["a.png", "b.png", "c.png"], "out", "x2", suffix)
    rows = list(batch.run(made, upscaler))
    assert [row["status"] for row in rows] == ["done", "failed", "done"]
    assert rows[1]["error"].startswith("b.png: ")
    assert sorted(os.listdir("out")) == [f"a_png{suffix}", f"c_png{suffix}"] or suffix == ".png"
    assert len(os.listdir("out")) == 2


def test_a_file_that_appears_meanwhile_stays(folder, upscaler):
    make("a.png", "b.png")
    made = batch.plan(["a.png", "b.png"], "out", "x2")
    make("out/a.png")
    assert [row["status"] for row in batch.run(made, upscaler)] == ["skipped", "done"]
    assert Image.open("out/a.png").size == (9, 7)


@pytest.mark.parametrize("overwrite", [False, True])
def test_two_results_that_turn_out_to_be_one_file(folder, upscaler, overwrite):
    # as on a file system that knows no upper case: here a folder becomes a link to another
    make("a.png", "sub/a.png")
    made = batch.plan(["."], "out", "x2", None, overwrite)
    first, second = pathlib.Path("out/a.png"), pathlib.Path("alias/a.png")
    os.symlink("out", "alias")
    jobs = [made.jobs[0]._replace(out=first), made.jobs[1]._replace(out=second)]
    rows = list(batch.run(made._replace(jobs=jobs), upscaler))
    assert [row["status"] for row in rows] == ["done", "failed"]
    assert "takes alias/a.png for out/a.png" in rows[1]["error"]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".gif"])
@pytest.mark.parametrize(
    ("mode", "umask"), [(0o600, 0), (0o640, 0o022), (0o400, 0), (0o666, 0o077)]
)
def test_results_are_as_private_as_originals(folder, upscaler, suffix, mode, umask):
    make("a.png")
    os.chmod("a.png", mode)
    before = os.umask(umask)
    try:
        rows = list(batch.run(batch.plan(["a.png"], "out", "x2", suffix), upscaler))
    finally:
        os.umask(before)
    assert [row["status"] for row in rows] == ["done"]
    assert os.stat(rows[0]["output"]).st_mode & 0o777 == (mode | 0o600) & ~umask


def test_many_pictures_are_right(folder, upscaler):
    for seed in range(3):
        pathlib.Path(f"in/{seed}").mkdir(parents=True)
        Image.fromarray(picture(9, 7, seed=seed)).save(f"in/{seed}/p.png")
    list(batch.run(batch.plan(["in"], "out", "x2"), upscaler))
    for seed in range(3):
        made = np.asarray(Image.open(f"out/{seed}/p.png"))
        np.testing.assert_array_equal(made, upscaler(picture(9, 7, seed=seed)))
