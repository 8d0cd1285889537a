"""Which files a batch takes, which it leaves out, and how it says so."""

import contextlib
import errno
import os
import pathlib
import socket

import pytest
from batches import make, plan

from keras_secn.upscaling import batch, inputs
from keras_secn.utils.errors import UserError


def test_results_of_earlier_runs(folder):
    names = ["a.png", "a_x2.png", "a_x4.png", "a_x2_compare.png", "b.jpg", "b_jpg_x2.png"]
    names += ["b_x2.jpg", "b_x2_jpg_compare.png", "a_x1.5.png", "a_w3000.png", "a_12mp.png"]
    make(*(f"in/{name}" for name in names), "in/free_x2.png", "in/sub/c.png", "in/sub_x2/c.png")
    found = inputs.find(["in"], None, "x2")
    assert [str(each.below) for each in found.files] == [
        "a.png",
        "b.jpg",
        "free_x2.png",  # there is no free.png that it could be made of
        "sub/c.png",
    ]
    assert found.left_out == {inputs.EARLIER: 10}
    os.chdir("in")
    assert set(plan("*.png")) == {"a.png", "free_x2.png"}
    # what is named is made
    assert plan("a_x2.png") == {"a_x2.png": "a_x2_x2.png"}
    with pytest.raises(UserError, match=r"a_x2\.png would be made of a\.png, and is an input"):
        plan("a.png", "a_x2.png")


def test_inputs_that_stand_for_nothing_are_said(folder):
    make("a.png", "a_x2.png", "photos/b.png")
    made = batch.plan(["", "*_x2.png", "*.gif"], None, "x2")
    assert not made.jobs and [reason for _, reason in made.failed] == [
        inputs.EMPTY,
        "no pictures but results of earlier runs",
        "no such file",
    ]
    # as in a shell, `**` is a star unless it stands alone
    assert plan("phot**", out="large") == {"photos/b.png": "large/photos/b.png"}


def test_a_folder_that_cannot_be_entered_is_one_line(folder, monkeypatch):
    """As one without the permission to search it is; those who run tests may search all."""
    make("in/a.png", "in/closed/b.png", "in/closed/c.png", "d.png")
    os.symlink("nowhere", "in/dangling.png")
    stat = os.stat

    def closed(path, *args, **options):
        if "closed" in pathlib.Path(os.fsdecode(path)).parts[:-1]:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return stat(path, *args, **options)

    monkeypatch.setattr(os, "stat", closed)
    denied = os.strerror(errno.EACCES)
    made = batch.plan(["in", "d.png"], None, "x2")
    assert [job.path.as_posix() for job in made.jobs] == ["in/a.png", "d.png"]
    assert made.failed == [(pathlib.Path("in/closed"), denied)]
    # alone, it is no folder without pictures
    assert batch.plan(["in/closed"], None, "x2").failed == [(pathlib.Path("in/closed"), denied)]
    made = batch.plan(["in/closed/*", "d.png"], None, "x2")
    assert [job.path.name for job in made.jobs] == ["d.png"]
    assert [why for _, why in made.failed] == [denied] * 2


def test_a_path_that_is_too_long_is_one_line(folder):
    make("in/a.png")
    deep = os.open("in", os.O_RDONLY)
    for _ in range(20):  # each is a name that fits; the files' paths do not
        os.mkdir("d" * 200, dir_fd=deep)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = inner
    os.close(os.open("b" * 250, os.O_CREAT, dir_fd=deep))
    os.close(deep)
    made = batch.plan(["in"], None, "x2")
    assert [job.path.as_posix() for job in made.jobs] == ["in/a.png"]
    assert [why for _, why in made.failed] == [os.strerror(errno.ENAMETOOLONG)]


def test_originals_that_may_not_be_listed_do_not_stop_a_batch(folder, monkeypatch):
    make("top/in_x2/a.png", "top/in/b.png")
    listdir = os.listdir

    def closed(path="."):
        if pathlib.Path(path) == pathlib.Path("top/in"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return listdir(path)

    monkeypatch.setattr(os, "listdir", closed)
    assert set(plan("top")) == {"top/in/b.png", "top/in_x2/a.png"}


def test_what_is_left_out_is_counted_by_suffix(folder):
    taken = ["a.png", "b.jfif", "c.jpe", "d.JPG"]
    make(*(f"in/{name}" for name in [*taken, "e.tga", "f.ppm", "g.HEIC", "h.heic", ".i.tga", "j"]))
    found = inputs.find(["in"], None, "x2")
    assert [each.path.name for each in found.files] == taken
    assert found.left_out == {".tga": 1, ".ppm": 1, ".heic": 2, "without a suffix": 1}


def test_links_of_a_folder_that_are_not_followed_are_counted(folder):
    make("in/a.png", "in/sub/b.png", "elsewhere/c.png")
    os.symlink("../elsewhere", "in/linked")
    os.symlink("..", "in/sub/round")
    os.symlink("nothing", "in/broken.png")
    os.mkfifo("in/pipe.png")
    os.symlink("a.png", "in/alias.png")
    found = inputs.find(["in"], None, "x2")
    assert [str(each.below) for each in found.files] == ["a.png", "alias.png", "sub/b.png"]
    assert found.left_out == {inputs.LINKED: 2, inputs.NO_FILE: 2}


def test_special_files_are_refused(folder):
    make("a.png")
    os.mkfifo("pipe.png")
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind("socket.png")
        os.symlink("pipe.png", "alias.png")
        made = batch.plan(
            ["pipe.png", "socket.png", os.devnull, "alias.png", "missing.png", "a.png"], None, "x2"
        )
    assert [path.name for path, _ in made.failed] == [
        "pipe.png",
        "socket.png",
        "null",
        "alias.png",
        "missing.png",
    ]
    assert [job.path.name for job in made.jobs] == ["a.png"]
    # in a folder they are no files
    assert [each.path.name for each in inputs.find(["."], None, "x2").files] == ["a.png"]
