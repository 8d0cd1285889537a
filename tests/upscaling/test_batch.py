"""Batches: every path is planned first, nothing is lost, and one broken file is one line."""

import contextlib
import errno
import io
import os
import pathlib
import socket
import tempfile

import hypothesis
import hypothesis.strategies as st
import pytest
from odd_files import picture
from PIL import Image

from keras_secn.upscaling import batch, inputs
from keras_secn.upscaling.upscaler import Upscaler
from keras_secn.utils.errors import UserError

KINDS = {".png": "PNG", ".jpg": "JPEG", ".JPG": "JPEG", ".jfif": "JPEG", ".jpe": "JPEG"}


def content(suffix):
    file = io.BytesIO()
    Image.fromarray(picture(9, 7)).save(file, KINDS[suffix])
    return file.getvalue()


CONTENTS = {suffix: content(suffix) for suffix in KINDS}


def make(*names, folder="."):
    for name in names:
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENTS.get(path.suffix, b"?"))


def plan(*names, out=None, **options):
    """Outputs by input, as text."""
    made = batch.plan(names, out, "x2", **options)
    assert not made.failed
    return {job.path.as_posix(): job.out.as_posix() for job in made.jobs}


def listing():
    return sorted(pathlib.Path().rglob("*"))


def test_folders_and_patterns_keep_their_tree(folder):
    make(*(f"manga/{i}/001.png" for i in range(4)))
    expected = {f"manga/{i}/001.png": f"flat/{i}/001.png" for i in range(4)}
    assert plan("manga/*/001.png", out="flat") == expected
    assert plan("manga", out="flat") == expected
    assert plan("manga/**/*.png", out="flat") == expected
    assert plan("manga/*", out="flat") == expected
    assert plan("manga") == {key: key.replace("manga", "manga_x2") for key in expected}


def test_equal_names_of_several_folders_are_refused_with_advice(folder):
    make("manga/1/001.png", "manga/2/001.png")
    with pytest.raises(UserError, match="both become flat/001.png; name the folder manga,"):
        plan("manga/1/001.png", "manga/2/001.png", out="flat")
    with pytest.raises(UserError, match="both become flat/001.png"):
        plan("manga/1", "manga/2", out="flat")


@pytest.mark.parametrize("overwrite", [False, True])
def test_the_format_may_change_beside_a_file_of_that_format(folder, overwrite):
    make("a.jpg", "a.png", "a.JPG")
    made = plan("a.jpg", "a.png", "a.JPG", out="out", suffix=".png", overwrite=overwrite)
    assert made == {"a.jpg": "out/a_jpg.png", "a.png": "out/a.png", "a.JPG": "out/a_JPG.png"}
    assert plan("a.jpg", suffix=".png") == {"a.jpg": "a_jpg_x2.png"}
    with pytest.raises(UserError, match=r"a\.png: the result would take its place"):
        plan("a.jpg", "a.png", out=".", suffix=".png", overwrite=overwrite)


def spell(folder, kind):
    """Another name of the folder "there", whose a.png is an input."""
    if kind == "dots":
        return "there/../there"
    if kind == "absolute":
        return str(folder / "there")
    if kind == "symlinked folder":
        os.symlink("there", "alias")
        return "alias"
    os.mkdir("other")
    if kind == "symlink":
        os.symlink("../there/a.png", "other/a.png")
    else:
        os.link("there/a.png", "other/a.png")
    return "other"


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("kind", ["dots", "absolute", "symlinked folder", "symlink", "hard link"])
def test_no_result_takes_an_inputs_place(folder, kind, overwrite):
    make("there/a.png", "here/a.png")
    out = spell(folder, kind)
    before = listing()
    with pytest.raises(UserError, match="is an input itself"):
        plan("here/a.png", "there/a.png", out=out, overwrite=overwrite)
    with pytest.raises(UserError, match="take its place"):
        plan("there/a.png", out=f"{out}/a.png", overwrite=overwrite)
    assert listing() == before


def test_the_picture_that_compares_is_planned_too(folder):
    make("in/a.png", "in/a_compare.png", "b.png", "b_x2_compare.png")
    with pytest.raises(UserError, match="both become out/a_compare.png"):
        plan("in", out="out", sheets=True)
    with pytest.raises(UserError, match="is an input itself"):
        plan("b.png", "b_x2_compare.png", sheets=True)
    assert len(plan("in", out="out")) == 2
    # one of each stem and format
    make("many/a.png", "many/a.jpg", "many/a.JPG", "many/a.jfif")
    made = batch.plan(["many"], "out", "x2", sheets=True)
    assert sorted(job.sheet.name for job in made.jobs) == [
        "a_JPG_compare.png",
        "a_compare.png",
        "a_jfif_jpg_compare.png",
        "a_jpg_compare.png",
    ]


def test_a_file_named_twice_is_made_once(folder):
    make("a.png", "in/b.png")
    os.symlink("in", "alias")
    assert plan("a.png", "./a.png", str(folder / "a.png"), out="out") == {"a.png": "out/a.png"}
    assert plan("in", "in/b.png", "alias/b.png", out="out") == {"in/b.png": "out/b.png"}


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


def test_a_format_beside_a_file_says_the_same(folder):
    make("a.png")
    assert plan("a.png", out="b.jpeg", suffix=".jpg") == {"a.png": "b.jpeg"}
    assert plan("a.png", out="b.d/", suffix=".jpg") == {"a.png": "b.d/a_png.jpg"}
    for out in ("b.png", "b.mp4"):
        with pytest.raises(UserError, match="--format jpg contradict each other"):
            plan("a.png", out=out, suffix=".jpg")


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


@pytest.mark.parametrize("letter", ["n", "ü", "写"])
def test_long_names(folder, upscaler, letter):
    stems = [letter * (size // len(letter.encode())) for size in (240, 246, 251)]
    make(*(f"{stem}.png" for stem in stems))
    made = batch.plan([f"{stem}.png" for stem in stems], None, "x2")
    fit = [stem for stem in stems if len(f"{stem}_x2.png".encode()) <= 255]
    assert [job.out.name for job in made.jobs] == [f"{stem}_x2.png" for stem in fit]
    assert all("bytes long, and 255 fit" in why for _, why in made.failed)
    assert len(made.failed) == 3 - len(fit) and fit
    assert [row["status"] for row in batch.run(made, upscaler)].count("done") == len(fit)


def test_what_is_finished_is_not_opened(folder, monkeypatch):
    make("in/a.png", "in/b.jpg", "in_x2/a.png", "in_x2/b.jpg", "in_x2/b_jpg.png")
    monkeypatch.setattr(batch, "read_header", None)
    for suffix in (None, ".png"):
        made = batch.plan(["in"], None, "x2", suffix)
        assert len(made.jobs) == 2 and not any(job.size for job in made.jobs) and not made.failed
    assert len(batch.plan(["in"], None, "x2", None, True).failed) == 2


STEMS = st.sampled_from(["a", "b", "a_x2", "a_jpg", "a_x2_x2", "a_compare"])
PATHS = st.tuples(
    st.sampled_from(["", "x/", "y/", "x/y/", "x_x2/"]), STEMS, st.sampled_from([*KINDS])
)
SETS = st.sets(PATHS.map("".join), min_size=1, max_size=6)


@contextlib.contextmanager
def working_in(folder):
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(
    first=SETS,
    joining=SETS,
    how=st.sampled_from(["files", ".", "x", "*", "**/*.*", "x/*"]),
    out=st.sampled_from([None, "out", ".", "x", "x/y"]),
    suffix=st.sampled_from([None, ".png", ".jpg"]),
    overwrite=st.booleans(),
    sheets=st.booleans(),
)
def test_plans(first, joining, how, out, suffix, overwrite, sheets):
    """Outputs are unique, never inputs, and do not change when files join."""
    with tempfile.TemporaryDirectory() as place, working_in(place):
        plans = []
        for names in (first, first | joining):
            make(*names)
            before = listing()
            given = sorted(names) if how == "files" else [how]
            try:
                made = batch.plan(given, out, "x2", suffix, overwrite, sheets)
            except UserError:
                made = None
            assert listing() == before
            if made:
                taken = {each.path.resolve() for each in made.inputs.files}
                places = [p.resolve() for job in made.jobs for p in (job.out, job.sheet) if p]
                assert len({*places}) == len(places) and not {*places} & taken
                if how == "files":
                    dropped = {pathlib.Path(name) for name in names}
                    dropped -= {job.path for job in made.jobs} | {path for path, _ in made.failed}
                    assert not dropped
                plans.append({job.path: (job.out, job.sheet) for job in made.jobs})
        if len(plans) == 2:
            for path in plans[0].keys() & plans[1].keys():
                assert plans[0][path] == plans[1][path]


def test_what_memory_cannot_hold_is_refused(folder, upscaler):
    make("a.png")
    for out, bytes_each in (("b.png", batch.STREAMED_BYTES), ("b.jpg", batch.PIXEL_BYTES)):
        need = 9 * 7 * bytes_each
        made = batch.plan(["a.png"], out, "x2", memory=need - 1)
        assert not made.jobs and "--max-pixels 63" in made.failed[0][1]
        for memory in (need, None):
            assert len(batch.plan(["a.png"], out, "x2", memory=memory).jobs) == 1
