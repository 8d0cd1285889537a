"""What `keras-secn` prints: for every name, encoding and reader; and what it loads to do so."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from odd_files import picture
from PIL import Image

import keras_secn
from keras_secn import cli, presets
from keras_secn.lite import metadata
from keras_secn.presets.lite_files import preset_file
from keras_secn.upscaling import catalog
from keras_secn.upscaling.engines.choose import DEFAULT

UPSCALE = ["upscale", "--preset", "pocket_secn_s"]
EVIL = ["\x1b[2J", "\r", "\n", "\x9b31m", "\u202e", "\u2066", "\x07", "\x7f"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(*names):
    for name in names:
        Image.fromarray(picture(9, 7)).save(name)


def program(*arguments, **options):
    command = [sys.executable, "-m", "keras_secn.cli", *arguments]
    return subprocess.run(command, capture_output=True, **options)


@pytest.mark.parametrize("evil", EVIL, ids=ascii)
def test_names_are_shown_and_not_obeyed(folder, capsys, evil):
    (folder / f"sub{evil}").mkdir()
    make(f"a{evil}b.png", f"sub{evil}/c{evil}.png")
    (folder / f"bad{evil}.png").write_text("no picture")
    (folder / f"left.x{evil}").write_text("out")
    arguments = [f"missing{evil}.png", ".", "-o", f"out{evil}"]
    assert cli.main([*UPSCALE, *arguments]) == 1  # made
    assert cli.main([*UPSCALE, *arguments]) == 1  # there already
    assert cli.main([*UPSCALE, f"a{evil}b.png", "-o", f"a{evil}b.png"]) == 1
    assert cli.main([*UPSCALE, f"a{evil}b.png", "-o", f"a{evil}.pgn"]) == 1
    assert cli.main(["upscale", f"a{evil}b.png", "--model", f"a{evil}.tflite"]) == 1
    assert cli.main(["upscale", f"a{evil}b.png", "--preset", f"a{evil}"]) == 1
    assert cli.main(["info", f"a{evil}.tflite"]) == 1
    captured = capsys.readouterr()
    said = captured.out + captured.err
    assert evil not in said.replace("\n", "") or evil == "\n"
    assert all(line.isprintable() for line in said.split("\n"))
    escaped = evil[0].encode("unicode_escape").decode()
    assert f"a{escaped}" in captured.out and f"missing{escaped}" in captured.err
    # for scripts the names are as they are
    cli.main([*UPSCALE, ".", "-o", f"out{evil}", "--json"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["input"] for row in rows} >= {f"a{evil}b.png", f"sub{evil}/c{evil}.png"}


def with_facts(content, **more):
    """A `.tflite` file whose metadata hold more keys."""
    model = metadata.flatbuffer_utils.read_model_from_bytearray(content)
    (entry,) = [e for e in model.metadata if e.name in (metadata.NAME, metadata.NAME.encode())]
    known = json.loads(bytes(model.buffers[entry.buffer].data))
    model.buffers[entry.buffer].data = list(json.dumps({**known, **more}).encode())
    return bytes(metadata.flatbuffer_utils.convert_object_to_bytearray(model))


def test_a_file_speaks_for_itself_and_not_in_our_name(folder, capsys):
    facts = {"file": "other.tflite", "bytes": 1, "operators": {}, "more": "kept"}
    content = (presets.store.FOLDER / "pocket_secn_s.tflite").read_bytes()
    (folder / "odd.tflite").write_bytes(with_facts(content, **facts))
    assert cli.main(["info", "odd.tflite", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == "odd.tflite" and told["bytes"] == os.path.getsize("odd.tflite")
    assert told["operators"]


@pytest.mark.parametrize("text", EVIL)
def test_what_a_file_says_cannot_command_the_terminal(folder, capsys, text):
    content = (presets.store.FOLDER / "pocket_secn_s.tflite").read_bytes()
    for facts in ({text: "x"}, {"model": f"a{text}b"}, {"x": [text]}):
        (folder / "odd.tflite").write_bytes(with_facts(content, **facts))
        cli.main(["info", "odd.tflite"])
        captured = capsys.readouterr()
        assert all(line.isprintable() for line in (captured.out + captured.err).split("\n"))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_encodings_without_the_names_letters(folder, encoding):
    names = ["Käfer.png", "写真.png", "€.png", "👩‍🎨.png", os.fsdecode(b"lone\xff.png")]
    make(*names)
    pathlib.Path("ß.png").write_text("no picture")
    done = program(*UPSCALE, ".", env={**os.environ, "PYTHONIOENCODING": encoding})
    out, err = done.stdout.decode(encoding), done.stderr.decode(encoding)
    assert done.returncode == 1 and "Traceback" not in err
    assert len(out.splitlines()) == len(names) + 1 and len(err.splitlines()) == 1
    assert out.splitlines()[-1] == "5 made, 0 already there, 0 left out, 1 failed"


def test_who_reads_the_output_may_leave(folder):
    make("a.png", "b.png", "c.png")
    command = [sys.executable, "-m", "keras_secn.cli", *UPSCALE, ".", "-o", "out"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert process.stderr.read() == "" and process.wait() == 1


@pytest.mark.skipif(os.name != "posix", reason="a shell closes the streams")
def test_streams_may_be_closed(folder):
    make("a.png")
    command = [sys.executable, "-m", "keras_secn.cli", *UPSCALE, "a.png"]
    assert subprocess.run(["sh", "-c", '"$@" >&- 2>&-', "sh", *command]).returncode == 0
    assert (folder / "a_x2.png").exists()


def test_version_and_help(capsys):
    with pytest.raises(SystemExit) as done:
        cli.main(["--version"])
    assert done.value.code == 0
    assert capsys.readouterr().out == f"keras-secn {keras_secn.__version__}\n"
    with pytest.raises(SystemExit):
        cli.main(["upscale", "--help"])
    said = capsys.readouterr().out
    examples = re.findall(r"^  (keras-secn upscale .*?)(?:  |$)", said, re.MULTILINE)
    assert len(examples) >= 4
    parser = cli._parser()
    for example in examples:
        parser.parse_args(example.split()[1:])


def test_models_lists_what_there_is_by_use(capsys):
    assert cli.main(["models"]) == 0
    said = capsys.readouterr().out
    groups = [block.splitlines() for block in said.split("\n\n")]
    listed = [line.split()[0] for group in groups for line in group[1:]]
    assert sorted(listed) == presets.list_presets()
    marked = [line for line in said.splitlines() if "(default)" in line]
    assert len(marked) == 1 and marked[0].startswith(DEFAULT)
    # those that start at once come first
    quick = {name for name in presets.list_presets() if preset_file(name).is_file()}
    assert {line.split()[0] for line in groups[0][1:]} == quick
    assert "s/MP" not in said
    assert all(row["seconds_per_megapixel"] is None for row in catalog.rows())


LOADS = """
import sys
from keras_secn import cli
assert cli.main(["models"]) == 0
print(*sorted({"ai_edge_litert", "PIL", "tensorflow", "keras"} & set(sys.modules)), file=sys.stderr)
"""


def test_models_starts_no_engine():
    done = subprocess.run([sys.executable, "-c", LOADS], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "\n"


KILLED = """
import os, signal, sys
from keras_secn import cli
from keras_secn.upscaling.io import png
def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)
png.write_png = die
cli.main(sys.argv[1:])
"""


def test_the_next_run_tidies_up_after_a_killed_one(folder):
    make("a.png", "b.png")
    killed = [sys.executable, "-c", KILLED, *UPSCALE, "a.png", "-o", "out"]
    assert subprocess.run(killed).returncode == -9
    (left,) = os.listdir("out")
    assert left.startswith(".keras-secn-")
    shutil.copy("a.png", "out/.hidden.png")
    assert program(*UPSCALE, "b.png", "-o", "out").returncode == 0
    assert sorted(os.listdir("out")) == [".hidden.png", "b.png"]


def test_comparisons_do_not_replace_what_is_there(folder, capsys):
    Image.fromarray(picture(90, 70)).save("a.png")
    os.chmod("a.png", 0o600)
    pathlib.Path("a_x2_compare.png").write_text("mine")
    assert cli.main([*UPSCALE, "a.png", "--compare"]) == 0
    assert "a_x2_compare.png is there already" in capsys.readouterr().err
    assert pathlib.Path("a_x2_compare.png").read_text() == "mine"
    assert cli.main([*UPSCALE, "a.png", "--compare", "--overwrite"]) == 0
    assert Image.open("a_x2_compare.png").size > (0, 0)
    assert os.stat("a_x2_compare.png").st_mode & 0o777 == 0o600
