"""Batches: every path is planned first, and no result takes another file's place."""

import contextlib
import os
import pathlib
import tempfile

import hypothesis
import hypothesis.strategies as st
import pytest
from batches import KINDS, listing, make, plan

from keras_secn.upscaling import batch
from keras_secn.utils.errors import UserError


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
