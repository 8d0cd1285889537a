"""A `.keras` file that names foreign code is refused by each command and training."""

import contextlib
import io
import pathlib

import numpy as np
import pytest
from attacks import ATTACKS, called
from descriptions import REFUSAL, function, rewritten
from PIL import Image
from scripts import script
from small_runs import RECIPE
from system_run import SystemSettings, run_system

from keras_secn import cli
from keras_secn.models import registry
from keras_secn.training.checkpoint import CURRENT
from keras_secn.training.trainer import train
from keras_secn.utils.errors import UserError


@pytest.fixture
def foreign_graph(tmp_path):
    """A SavedModel that writes a file as soon as it is loaded."""
    tf = pytest.importorskip("tensorflow")
    marker = str(tmp_path / "marker")

    class Resource(tf.saved_model.experimental.TrackableResource):
        def _create_resource(self):
            return tf.raw_ops.StackV2(max_size=1, elem_type=tf.float32)

        def _initialize(self):
            tf.io.write_file(marker, "the file's code ran")

    module = tf.Module()
    module.resource = Resource()
    module.resource.resource_handle  # noqa: B018 (creates it)
    module.resource._initialize = tf.function(module.resource._initialize)
    module.serve = tf.function(lambda x: x, [tf.TensorSpec(None)])
    tf.saved_model.save(module, str(tmp_path / "graph"), {"serving_default": module.serve})
    pathlib.Path(marker).unlink(missing_ok=True)
    return str(tmp_path / "graph")


def command(*arguments):
    """Runs a `keras-secn` command, whose one line becomes an exception here."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        status = cli.main([str(argument) for argument in arguments])
    assert status == 1
    raise UserError(said.getvalue().strip())


TINY = {"blocks": 1, "filters": 8}


def zoo_run(folder, **options):
    run_system(
        SystemSettings("secn", RECIPE, 2, TINY, **options), None, folder / "run", validate=len
    )


def network_folder(file, name):
    """A run's network whose folder holds the file under that name."""
    folder = file.parent / "run" / "secn"
    folder.mkdir(parents=True)
    file.rename(folder / name)
    train(lambda: registry.system("secn").build(**TINY), RECIPE, None, folder)


ENTRIES = {
    "upscale": lambda file: command(
        "upscale", file.parent / "in.png", "-o", file.parent / "out.png", "--model", file
    ),
    "export": lambda file: command("export", file, "-o", file.parent / "out.tflite"),
    "convert": lambda file: script("tflite/convert.py", model=file, out=file.parent / "out.tflite"),
    "evaluate": lambda file: script("training/evaluate.py", model=file, data_dir=file.parent),
    "initial": lambda file: zoo_run(file.parent, initial=str(file)),
    "teacher": lambda file: zoo_run(file.parent, teacher=str(file)),
    "checkpoint": lambda file: network_folder(file, CURRENT),
    "finished": lambda file: network_folder(file, "model.keras"),
}


@pytest.mark.parametrize("attack", ["string", "string_nested", "graph"])
@pytest.mark.parametrize("entry", ENTRIES)
def test_refused_at_every_entry(honest, tmp_path, foreign_graph, untouched, entry, attack):
    change = ATTACKS.get(attack) or called(
        "act", function("keras.layers", "TFSMLayer"), inputs=foreign_graph
    )
    path = rewritten(honest, tmp_path / "attack.keras", change)
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(tmp_path / "in.png")
    with pytest.raises(UserError, match=REFUSAL) as error:
        ENTRIES[entry](path)
    assert "\n" not in str(error.value)
