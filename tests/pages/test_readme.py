"""Every command of the README runs: in its order, in one folder, on a small budget.

What a command is given in place of a costly flag stands in `BUDGETS`; what is not named there is
run as it is written. A command without an entry fails.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import commands
import pytest
from commands import ROOT
from PIL import Image

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = commands.commands(README)
SAMPLES = ROOT / "keras_secn" / "samples"

# networks of the same parts, small photographs, one or two steps
STEP = {"batch_size": 1, "hr_patch": 24, "interval": 1, "precision": "float32"}
CASCADE = {"blocks": 2, "n": 2, "filters": 8, "first_steps": 1, "stage_steps": 1, **STEP}

# (program, a pattern that tells it from its neighbors) -> what its flags become; a list for
# repeated ones
BUDGETS = {
    ("keras-secn upscale", "^photo.jpg$"): {},
    ("keras-secn upscale", "--scale 4"): {},
    # at most 16 times as large as the fixture's photograph
    ("keras-secn upscale", "--width"): {"width": 150, "out": "wide.jpg"},
    ("keras-secn upscale", "holiday"): {},
    ("keras-secn upscale", "--model"): {},
    ("training/cascade.py", "runs/mine"): {**CASCADE, "val_dir": "validation"},
    ("training/train.py", "runs/tuned"): {**STEP, "steps": 1, "val_dir": "validation"},
    ("training/evaluate.py", "runs/tuned"): {},
    ("tflite/convert.py", "int8"): {"representative": "validation"},
}
# what needs the network or hours: only that its flags exist is checked here
ELSEWHERE = {}
# what a command must leave behind
LEAVES = {
    ("keras-secn upscale", "^photo.jpg$"): ["photo_x2.jpg"],
    ("keras-secn upscale", "--scale 4"): ["large.png"],
    ("keras-secn upscale", "--width"): ["wide.jpg"],
    ("keras-secn upscale", "holiday"): ["holiday_x2/osprey.jpg"],
    ("keras-secn upscale", "--model"): ["tuned.png"],
    ("training/cascade.py", "runs/mine"): ["runs/mine/ct_secn_2/model.keras", "runs/mine/table.md"],
    ("training/train.py", "runs/tuned"): ["runs/tuned/ct_secn_16/model.keras"],
    ("tflite/convert.py", "int8"): ["pocket_secn_l_int8.tflite"],
}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with the photographs that the README's commands name."""
    folder = tmp_path_factory.mktemp("readme")
    for name, photographs in [
        ("photos", ("train/dune.jpg", "train/otter.jpg")),
        ("validation", ("validation/osprey.jpg",)),
        ("Set5", ("validation/osprey.jpg",)),
        ("Set14", ("validation/colosseum.jpg",)),
    ]:
        (folder / name).mkdir()
        for photograph in photographs:
            picture = Image.open(SAMPLES / photograph)
            left, top = (length // 2 - 48 for length in picture.size)
            # 48 LR pixels a side: a network's work follows the pixels
            picture.crop((left, top, left + 96, top + 96)).save(
                folder / name / f"{pathlib.Path(photograph).stem}.png"
            )
    photograph = Image.open(folder / "Set5" / "osprey.png")
    (folder / "holiday").mkdir()
    for name in ("photo.jpg", "holiday/osprey.jpg"):
        photograph.save(folder / name, quality=95)
    return folder


def entry(command):
    """The one key of `BUDGETS` or `ELSEWHERE` that a command has."""
    name, arguments = commands.program(command)
    keys = [
        (known, word)
        for known, word in (*BUDGETS, *ELSEWHERE)
        if known == name and re.search(word, " ".join(arguments))
    ]
    assert keys, f"README.md has a new command, name its budget in BUDGETS: {' '.join(command)}"
    assert len(keys) == 1, f"several entries of BUDGETS fit {' '.join(command)}"
    return keys[0]


def with_budget(arguments, budget):
    """A command's arguments with a budget's flags in place of its own."""
    kept, skip = [], False
    for word in arguments:
        if skip:
            skip = False
        elif word.startswith("--") and word[2:].partition("=")[0] in budget:
            skip = "=" not in word
        else:
            kept.append(word)
    for flag, value in budget.items():
        values = value if isinstance(value, list) else [value]
        kept += [part for each in values for part in (f"--{flag}", str(each))]
    return kept


def run(command, folder, seconds=900):
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "MPLBACKEND": "agg"}
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds
    )
    assert result.returncode == 0, f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}"
    return result.stdout


def dry_run(target):
    """What `make TARGET` would run; whether its environment is made already does not matter."""
    return run(["make", "-n", "-o", "env", target, f"PYTHON={sys.executable}"], ROOT)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_command(command, workplace):
    if command[0] == "git":
        pytest.skip("asks another machine")
    if command[0] == "make":
        return check_make(command[1])
    if command[:2] == ["pip", "install"]:
        return check_install(command, workplace)
    key = entry(command)
    name, arguments = commands.program(command)
    assert commands.flags(arguments) <= commands.known_flags(name)
    if key in ELSEWHERE:
        return None
    if name == "training/evaluate.py":
        assert (workplace / "runs/tuned").exists(), (
            "needs the commands before it: run the whole file"
        )
    if name.startswith("keras-secn"):
        start = [sys.executable, "-m", "keras_secn.cli", name.split()[1]]
    else:
        start = [sys.executable, ROOT / name]
    run([*start, *with_budget(arguments, BUDGETS[key])], workplace)
    for path in LEAVES.get(key, ()):
        assert (workplace / path).stat().st_size


def check_make(target):
    assert re.search(rf"^  make {target}\s", run(["make", "help"], ROOT), re.MULTILINE)
    steps = dry_run(target)
    if target == "test":
        assert "-m pytest" in steps
        # CI runs the very command
        assert re.search(r"^make test$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    for line in steps.replace("\\\n", " ").splitlines():
        script = re.search(r"python (\w+/\w+\.py) (.*)", line)
        if script:
            assert commands.flags(script[2].split()) <= commands.known_flags(script[1])


def check_install(command, folder):
    """Installs a copy (building in place would leave its traces here) without what it needs."""
    pytest.importorskip("setuptools")
    pytest.importorskip("wheel")
    if command[2:] != ["."]:
        # extras: that they are there
        (extras,) = re.findall(r"\[([\w,]+)\]", command[2])
        assert all(
            f'"{extra}": [' in (ROOT / "setup.py").read_text() for extra in extras.split(",")
        )
        return
    copy, target = folder / "copy", folder / "installed"
    copy.mkdir()
    for name in ("setup.py", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(ROOT / "keras_secn", copy / "keras_secn")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", target]
    run([sys.executable, "-m", "pip", "install", *options, "."], copy)
    assert (target / "keras_secn" / "py.typed").exists()
    # upscales without the repository
    code = f"""import sys
sys.path.insert(0, {str(target)!r})
import keras_secn
keras_secn.upscale("photo.jpg", "installed.png")
print(keras_secn)"""
    said = run([sys.executable, "-c", code], folder)
    assert str(target) in said
    assert Image.open(folder / "installed.png").size == (192, 192)


@pytest.mark.parametrize("code", commands.blocks(README, "python"))
def test_python(code, workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    names = {}
    exec(code, names)
    assert Image.open("large.png").size == (384, 384)
    assert names["large"].shape == (1, 128, 192, 3)


@pytest.mark.parametrize("command", commands.inline_commands(README), ids=" ".join)
def test_inline_command_has_its_flags(command):
    name, arguments = commands.program(command)
    if name.startswith("make "):
        check_make(command[1])
    else:
        assert commands.flags(arguments) <= commands.known_flags(name)


def test_no_budget_is_left_over():
    """Entries whose command has left the README go with it."""
    used = {entry(command) for command in COMMANDS if command[0] not in ("git", "make", "pip")}
    assert used == {*BUDGETS, *ELSEWHERE}


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
