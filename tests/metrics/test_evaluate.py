"""The command that compares models, run as a user runs it."""

import json
import pathlib
import subprocess
import sys

import comparison
import keras
import numpy as np
import pytest
from pictures import PHOTO_SIZES
from PIL import Image

from keras_secn import metrics
from keras_secn.models.edsr_trunk import build_network
from keras_secn.models.secn import build_ct_secn
from keras_secn.utils.errors import UserError

SCRIPT = pathlib.Path(__file__).parents[2] / "training" / "evaluate.py"


def run(*arguments):
    arguments = [str(argument) for argument in arguments]
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A small network's file, named as training names it."""
    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("run") / "small" / "model.keras"
    path.parent.mkdir()
    build_ct_secn(n=1, blocks=2, filters=8).save(path)
    return path


def test_models_side_by_side_on_two_folders(network, photos, tmp_path):
    results, pictures = tmp_path / "out" / "results.json", tmp_path / "pictures"
    done = run(
        *("--model", f"bicubic,{network}", "--json", results, "--save_images", pictures),
        *("--data_dir", photos, "--data_dir", photos / "sub"),
    )
    assert done.returncode == 0, done.stderr

    upscale = metrics.image_upscaler(keras.saving.load_model(network))
    expected = metrics.evaluate(upscale, photos).mean("psnr_y")
    written = json.loads(results.read_text())
    assert written["scale"] == 2 and written["ensemble"] is False
    assert [(r["model"], r["folder"], len(r["images"])) for r in written["results"]] == [
        (model, str(folder), count)
        for folder, count in ((photos, 3), (photos / "sub", 2))
        for model in ("bicubic", str(network))
    ]
    found = written["results"][1]
    assert found["mean"]["psnr_y"] == pytest.approx(expected, abs=1e-3)
    assert found["parameters"] == keras.saving.load_model(network).count_params()

    assert "| image | size | bicubic | small |" in done.stdout
    means = [line for line in done.stdout.splitlines() if line.startswith("| **mean**")]
    assert len(means) == 2 and f"{expected:.2f} / " in means[0]

    picture = np.asarray(Image.open(pictures / "photos" / "small" / "sub" / "b.png"))
    height, width = (length // 2 * 2 for length in PHOTO_SIZES["sub/b.png"])
    assert picture.shape == (height, width, 3)
    truth = metrics.read_ground_truth(photos / "sub" / "b.png", 2)
    shown = found["images"][1]
    assert metrics.psnr_y(truth.hr, picture, 2) == pytest.approx(shown["psnr_y"], abs=1e-9)


def test_one_line_and_status_1(photos, tmp_path):
    """Found before Keras is loaded, whose backend has much to say on stderr."""
    for arguments, words in (
        (["--model", tmp_path / "none.keras", "--data_dir", photos], "no such file"),
        (["--data_dir", photos], "--model is required"),
        (["--model", "bicubic", "--scale", "5", "--data_dir", photos], "2, 3 or 4"),
        (["--model", "bicubic", "--data_dir", tmp_path / "empty"], "no such folder"),
        (["--model=secn", "--ensemble", "--degradation=png", "--data_dir", photos], "--ensemble"),
    ):
        done = run(*arguments)
        assert done.returncode == 1 and done.stdout == ""
        (line,) = done.stderr.splitlines()
        assert line.startswith("error:") and words in line


def test_degradations_are_of_the_networks_own_scale(photos, tmp_path):
    arguments = ["--model=pocket_secn_m_x4", "--degradation=png", "--data_dir", photos / "sub"]
    done = run(*arguments, "--json", tmp_path / "found.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "found.json").read_text())["scale"] == 4


def test_models_that_cannot_be_evaluated(network, tmp_path):
    (tmp_path / "text.keras").write_text("hello")
    classifier = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(3, 1)])
    classifier.save(tmp_path / "same_size.keras")
    build_network(["se"], scale=3, filters=4).save(tmp_path / "x3.keras")
    for names, scale, words in (
        (["no_such_preset"], None, "no_such_preset"),
        ([tmp_path / "none.keras"], None, "no such file"),
        ([tmp_path / "text.keras"], None, "text.keras cannot be loaded"),
        ([tmp_path / "same_size.keras"], None, "same_size.keras is not a super-resolution"),
        ([network, tmp_path / "x3.keras"], None, "x3.keras enlarges 3 times, not 2 times"),
        ([network], 4, "enlarges 2 times, not 4 times"),
    ):
        with pytest.raises(UserError, match=words) as error:
            comparison.load_candidates([str(name) for name in names], scale)
        assert "\n" not in str(error.value)


def test_a_truncated_photograph_is_named(photos):
    data = (photos / "a.png").read_bytes()
    (photos / "a.png").write_bytes(data[: len(data) // 2])
    candidates, scale = comparison.load_candidates(["bicubic"])
    with pytest.raises(UserError, match=r"a\.png"):
        list(comparison.compare(candidates, [photos], scale))


def test_paths_are_looked_at_before_work_starts(network, photos, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("hello")
    file = tmp_path / "texts" / "a.txt"
    for arguments, words in (
        (([network, "none.keras"], [photos]), "no such file: none.keras"),
        (([network], [photos, tmp_path / "texts"]), "no images in"),
        (([network], [photos], tmp_path), "it is a folder"),
        (([network], [photos], file / "a.json"), "cannot write to"),
        (([network], [photos], None, file), "cannot write to"),
    ):
        with pytest.raises(UserError, match=words):
            comparison.check_paths(*arguments)
    comparison.check_paths([network, "bicubic"], [photos], tmp_path / "new" / "a.json")
    assert list((tmp_path / "new").iterdir()) == []


def test_ensemble_is_of_networks_only(network, photos):
    plain, _ = comparison.load_candidates(["bicubic", str(network)])
    ensembled, _ = comparison.load_candidates(["bicubic", str(network)], ensemble=True)
    lr = metrics.read_ground_truth(photos / "a.png", 2).lr
    same = [
        np.array_equal(a.upscale(lr), b.upscale(lr)) for a, b in zip(plain, ensembled, strict=True)
    ]
    assert same == [True, False]
    turned = ensembled[1].upscale(lr[::-1])
    assert np.abs(turned[::-1].astype(int) - ensembled[1].upscale(lr)).max() <= 1


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["bicubic", "a/secn.keras"], ["bicubic", "secn"]),
        (["a/secn/model.keras", "a/ct/model.keras"], ["secn", "ct"]),
        (["a/secn.keras", "b/secn.keras"], ["a_secn", "b_secn"]),
        (["/data/x/test", "/data/y/test", "/data/z"], ["x_test", "y_test", "data_z"]),
    ],
)
def test_short_names_tell_apart(paths, names):
    assert comparison.short_names(paths) == names


def test_the_table_ends_with_the_mean_of_the_baseline(shared_data):
    candidates, scale = comparison.load_candidates(["bicubic"])
    (reports,) = comparison.compare(candidates, [shared_data / "set5"], scale)
    last = comparison.comparison_table(reports).splitlines()[-2]
    assert last == "| **mean** |  | **33.67 / 0.9303** |"
