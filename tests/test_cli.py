"""`keras-secn` as a user runs it."""

import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from odd_files import picture
from PIL import Image

from keras_secn import cli, presets
from keras_secn.presets import lite_files
from keras_secn.upscaling import crop_sheet


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with pictures, some of them broken, in folders of their own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / ".hidden").mkdir()
    for seed, name in enumerate(["a.png", "b.jpg", "sub/c.webp", ".hidden/d.png"]):
        Image.fromarray(picture(20, 15, seed=seed)).save(tmp_path / "in" / name)
    (tmp_path / "in" / "notes.txt").write_text("not a picture")
    return tmp_path


@pytest.fixture
def run(tiny_file, capsys):
    """Runs `keras-secn upscale ... --model tiny.tflite`: status, lines of stdout, of stderr."""

    def run(*arguments, model=True):
        command = ["upscale", *map(str, arguments)]
        command += ["--model", str(tiny_file)] if model else []
        status = cli.main(command)
        captured = capsys.readouterr()
        return status, captured.out.splitlines(), captured.err.splitlines()

    return run


def files(folder):
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def test_a_folder_with_everything_in_it(run, folder):
    status, out, err = run("in", "-o", "out")
    assert (status, err) == (0, [])
    assert files(folder / "out") == ["a.png", "b.jpg", "sub/c.webp"]
    assert Image.open(folder / "out" / "a.png").size == (40, 30)
    assert len(out) == 4 and out[0].startswith("in/a.png -> out/a.png (")
    assert out[3] == "3 made, 0 already there, 1 left out (1 .txt), 0 failed"


def test_default_names(run, folder, monkeypatch):
    assert run("in")[0] == 0
    assert files(folder / "in_x2") == ["a.png", "b.jpg", "sub/c.webp"]
    monkeypatch.chdir(folder / "in" / "sub")
    assert run(".")[0] == 0
    assert files(folder / "in" / "sub_x2") == ["c.webp"]
    monkeypatch.chdir(folder)
    shutil.rmtree(folder / "in" / "sub_x2")
    assert run("in/a.png", "in/b.jpg", "--format", "png")[0] == 0
    assert {"in/a_x2.png", "in/b_jpg_x2.png"} <= set(files(folder))
    # results of an earlier run are not originals
    status, out, err = run("in/*.png")
    assert status == 0 and out == ["in/a_x2.png is there already"]
    assert len(err) == 1 and "--overwrite" in err[0]


def test_patterns_files_and_collisions(run, folder):
    Image.fromarray(picture(20, 15)).save(folder / "in" / "a.jpg")
    status, _, _ = run("in/**/*.webp", "in/a.png", "in/a.jpg", "-o", "out", "--format", "tiff")
    assert status == 0
    assert files(folder / "out") == ["a_jpg.tiff", "a_png.tiff", "sub/c_webp.tiff"]


def test_what_is_done_is_skipped(run, folder):
    run("in/a.png", "-o", "out.png")
    before = (folder / "out.png").stat().st_mtime_ns
    status, out, _ = run("in/a.png", "-o", "out.png")
    assert status == 0 and out == ["out.png is there already"]
    assert (folder / "out.png").stat().st_mtime_ns == before
    status, out, _ = run("in/a.png", "-o", "out.png", "--overwrite")
    assert status == 0 and (folder / "out.png").stat().st_mtime_ns > before


def test_what_fails_does_not_stop_the_others(run, folder):
    shutil.copy("in/notes.txt", "in/notes.png")
    (folder / "in" / "half.jpg").write_bytes((folder / "in" / "b.jpg").read_bytes()[:200])
    status, out, err = run("in", "missing.png", "-o", "out")
    assert status == 1
    assert files(folder / "out") == ["a.png", "b.jpg", "sub/c.webp"]
    assert sorted(line.split(":")[1].strip() for line in err) == [
        "in/half.jpg",
        "in/notes.png",
        "missing.png",
    ]
    assert all(line.startswith("error: ") for line in err)


def test_json_for_scripts(run, folder):
    shutil.copy("in/notes.txt", "in/notes.png")
    run("in/a.png", "-o", "out/a.png")
    status, out, err = run("in", "-o", "out", "--json")
    assert status == 1 and err == []
    results = {row["input"]: row for row in map(json.loads, out)}
    assert results["in/a.png"]["status"] == "skipped"
    assert results["in/b.jpg"]["status"] == "done" and results["in/b.jpg"]["seconds"] > 0
    assert results["in/notes.png"]["status"] == "failed"
    assert "not an image" in results["in/notes.png"]["error"]


def test_options_reach_the_picture(run, folder, tiny_file):
    from keras_secn.upscaling.upscaler import Upscaler

    image = np.asarray(Image.open("in/a.png"))
    run("in/a.png", "-o", "four.png", "--scale", "4")
    run("in/a.png", "-o", "eight_views.png", "--ensemble")
    four, views = (np.asarray(Image.open(name)) for name in ("four.png", "eight_views.png"))
    np.testing.assert_array_equal(four, Upscaler(tiny_file, scale=4)(image))
    np.testing.assert_array_equal(views, Upscaler(tiny_file, ensemble=True)(image))
    sizes = []
    for quality in ("30", "95"):
        run("in/a.png", "-o", f"{quality}.jpg", "--quality", quality)
        sizes.append((folder / f"{quality}.jpg").stat().st_size)
    assert sizes[0] < sizes[1]


def test_before_and_after(run, folder):
    Image.fromarray(picture(150, 70)).save("in/wide.png")
    status, out, err = run("in/wide.png", "-o", "out.png", "--compare")
    assert out[0].startswith("in/wide.png -> out.png, out_compare.png (")
    assert (status, err) == (0, [])
    with Image.open("out_compare.png") as sheet:
        assert sheet.width >= 2 * 96 * 3 and sheet.height >= 3 * 96 * 3


@pytest.mark.parametrize(
    ("options", "title"),
    [((), "ct_secn_16"), (("--fast",), "pocket_secn_l"), (("--best",), "secn")],
)
def test_a_comparison_names_the_network(run, folder, monkeypatch, options, title):
    told = []
    write = crop_sheet.write_comparison
    monkeypatch.setattr(crop_sheet, "write_comparison", lambda *a: [told.append(a[3]), write(*a)])
    assert run("in/a.png", "--compare", *options, model=False)[0] == 0
    assert told == [title]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["in/a.png", "--format", "xyz"], "unknown format"),
        (["in/a.png", "--quality", "0"], "quality"),
        (["in/a.png", "--tile", "4"], "tile must be at least"),
        (["in/a.png", "--threads", "0"], "threads"),
        (["in/a.png", "--preset", "ct_secn_16"], "either"),
        (["in/a.png", "--scale", "17"], "above 1 and at most 16"),
        (["in/a.png", "--fast"], "exclude each other"),
        (["in/a.png", "in/b.jpg", "-o", "one.png"], "name a folder"),
        (["in/a.png", "-o", "in/a.png", "--overwrite"], "take its place"),
        (["in/notes.txt", "-o", "out"], "not an image"),
        (["in/.hidden/nothing", "-o", "out"], "no such file"),
        (["in/missing.png", "-o", "one.png"], "no such file"),
        (["in/a.png", "--max-pixels", "100"], "too many pixels"),
        (["in/a.png", "--max-pixels", "0"], "max-pixels must be at least 1"),
        (["in/a.png", "--width", f"1{400 * '0'}"], "width must be"),
        ([""], 'an input is empty ("")'),
        (["in/a.png", "-o", ""], 'out is empty ("")'),
        (["in/a.png", "--preset", ""], 'preset is empty ("")'),
        (["in/a.png", "--format", ""], 'format is empty ("")'),
        (["in/a.png", "-o", "large.png", "--format", "jpg"], "large.png and --format jpg contra"),
        (["in/a.png", "-o", "large.webm", "--format", "png"], "contradict each other"),
    ],
)
def test_refusals_are_one_line(run, folder, monkeypatch, arguments, reason):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    before = files(folder)
    status, out, err = run(*arguments)
    assert status == 1 and len(err) == 1 and reason in err[0] and out == []
    assert files(folder) == before


def test_presets(run, folder, tiny_network, tiny_file, monkeypatch, capsys):
    monkeypatch.setattr(presets.store, "FOLDER", folder / "weights")
    card = {
        "factory": "build_ct_secn",
        "arguments": {"n": 1, "blocks": 2, "filters": 8},
        "scores": {"set5": {"psnr_y": 34.5}},
    }
    presets.write_preset("tiny", tiny_network, card, dtype="float32")
    status, _, err = run("in/a.png", "-o", "slow.png", "--preset", "tiny", model=False)
    assert status == 0 and err == [
        "note: tiny.tflite is missing, so Keras is used, which starts slowly;"
        " keras-secn export tiny makes it"
    ]
    own = folder / "weights" / "tiny.tflite"
    shutil.copy(tiny_file, own)
    status, _, err = run("in/a.png", "-o", "odd.png", "--preset", "tiny", model=False)
    assert status == 0 and len(err) == 1 and "is not the file that its card names" in err[0]
    lite_files.record("tiny", own)
    status, _, err = run("in/a.png", "-o", "quick.png", "--preset", "tiny", model=False)
    assert (status, err) == (0, [])
    slow, quick = (np.asarray(Image.open(name)).astype(int) for name in ("slow.png", "quick.png"))
    assert np.abs(slow - quick).max() <= 1
    assert cli.main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[0] == "tiny" and "set5 34.50" in lines[1]
    assert cli.main(["models", "--json", "--time"]) == 0
    row = json.loads(capsys.readouterr().out)[0]
    assert row["parameters"] == tiny_network.count_params() and row["seconds_per_megapixel"] > 0
    status, _, err = run("in/a.png", "--preset", "none", model=False)
    assert status == 1 and "known are tiny" in err[0]


def test_info(tiny_file, capsys, tmp_path):
    assert cli.main(["info", str(tiny_file), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["file"] == str(tiny_file)
    assert facts["refused"] == {"gpu": ["dynamic size"], "nnapi": [], "hexagon": []}
    pixels = {"shape": [1, -1, -1, 3], "dtype": "float32", "scale": 0.0, "zero_point": 0}
    for end, name in (("inputs", "lr"), ("outputs", "StatefulPartitionedCall")):
        [tensor] = facts[end]
        assert name in tensor.pop("name") and tensor == pixels
    assert facts["scale"] == 2 and facts["tiles"]["radius"] == 8
    assert facts["bytes"] == tiny_file.stat().st_size and facts["operators"]["CONV_2D"] > 3
    (tmp_path / "no.tflite").write_text("no")
    assert cli.main(["info", str(tmp_path / "no.tflite")]) == 1
    assert "not a LiteRT" in capsys.readouterr().err


def test_export(folder, tiny_network, tiny_file, capsys):
    tiny_network.save(folder / "network.keras")
    assert (
        cli.main(["export", "network.keras", "-o", "network.tflite", "--weights", "float16"]) == 0
    )
    assert "tiles overlap by 8 pixels" in capsys.readouterr().out
    assert (folder / "network.tflite").stat().st_size < tiny_file.stat().st_size
    assert cli.main(["upscale", "in/a.png", "-o", "a.png", "--model", "network.tflite"]) == 0
    capsys.readouterr()
    for arguments, reason in [
        (["network.keras"], "name the file"),
        (["ct_secn_16", "-o", ""], 'out is empty ("")'),
        ([""], 'model is empty ("")'),
        (["network.keras", "-o", "network.bin"], "ends in .tflite"),
        (["no_preset", "-o", "none.tflite"], "unknown preset"),
    ]:
        assert cli.main(["export", *arguments]) == 1
        assert reason in capsys.readouterr().err
    assert files(folder)[:2] == ["a.png", "in/.hidden/d.png"]


QUICK = """
import sys
from keras_secn import cli
status = cli.main(sys.argv[1:])
heavy = sorted({"tensorflow", "keras", "jax", "matplotlib", "absl"} & set(sys.modules))
print(status, *heavy)
"""


def test_litert_loads_neither_tensorflow_nor_keras(tiny_file, folder):
    # stderr too: native greetings would stand there
    for options in (["-o", "out.png"], ["-o", "out.jpg", "--compare", "--ensemble"]):
        command = [
            sys.executable,
            "-c",
            QUICK,
            "upscale",
            "in/a.png",
            "--model",
            tiny_file,
            *options,
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.stdout.splitlines()[-1] == "0", done.stderr
        assert done.stderr == ""


def test_a_name_that_is_no_preset_is_told_before_keras_loads():
    command = [sys.executable, "-c", QUICK, "export", "ct_secn", "-o", "x.tflite"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == "1\n" and done.stderr.startswith("error: unknown preset 'ct_secn'")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_leaves_no_half_written_file(tiny_file, folder, number):
    Image.fromarray(picture(3000, 2500)).save("large.png")
    command = [sys.executable, "-m", "keras_secn.cli", "upscale", "large.png", "-o", "out/a.png"]
    process = subprocess.Popen(
        [*command, "--model", tiny_file, "--tile", "64"],
        stderr=subprocess.PIPE,
        text=True,
        # a shell's background jobs ignore SIGINT, and hand that on
        preexec_fn=lambda: [
            signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGHUP)
        ],
    )
    # until rows have been written
    while not any(file.stat().st_size for file in (folder / "out").glob(".keras-secn-*")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate()
    assert process.returncode == 128 + number and "Traceback" not in err
    assert list((folder / "out").iterdir()) == []
