"""Names of results that a user gives: files, folders, formats."""

import os

import pytest
from batches import make, plan

from keras_secn.upscaling import batch
from keras_secn.upscaling.upscaler import Upscaler
from keras_secn.utils.errors import UserError


def test_a_format_beside_a_file_says_the_same(folder):
    make("a.png")
    assert plan("a.png", out="b.jpeg", suffix=".jpg") == {"a.png": "b.jpeg"}
    assert plan("a.png", out="b.d/", suffix=".jpg") == {"a.png": "b.d/a_png.jpg"}
    for out in ("b.png", "b.mp4"):
        with pytest.raises(UserError, match="--format jpg contradict each other"):
            plan("a.png", out=out, suffix=".jpg")


def test_results_do_not_go_to_standard_output(folder):
    make("a.png")
    with pytest.raises(UserError, match="not to standard output"):
        plan("a.png", out="-")
    assert plan("a.png", out="./-") == {"a.png": "-/a.png"}


@pytest.mark.parametrize("name", ["res.pgn", "x.heic", "x.jp2", "x.tga", "x.jfif", "x.JXL"])
@pytest.mark.parametrize("given", [["a.png"], ["a.png", "b.png"], ["."]])
def test_an_unknown_format_is_no_folder(folder, name, given):
    make("a.png", "b.png")
    with pytest.raises(UserError, match="unknown format .*a folder of that name"):
        plan(*given, out=name)
    assert plan("a.png", out=f"{name}/") == {"a.png": f"{name}/a.png"}
    os.mkdir(name)
    assert plan("a.png", out=name) == {"a.png": f"{name}/a.png"}


@pytest.mark.parametrize("name", ["b.png/", "plain", "plain/", "b.png/sub/"])
def test_a_file_is_no_folder(folder, name):
    make("a.png", "b.png", "plain")
    if "sub" in name:
        made = batch.plan(["a.png"], name, "x2")
        assert [row["status"] for row in batch.run(made, Upscaler("pocket_secn_s"))] == ["failed"]
    else:
        with pytest.raises(UserError, match="is a file; name a folder"):
            plan("a.png", out=name)


@pytest.mark.parametrize("name", ["pages.v2", "2024.11", "large", "large.d"])
def test_folders_may_have_dots(folder, name):
    make("a.png")
    assert plan("a.png", out=name) == {"a.png": f"{name}/a.png"}
