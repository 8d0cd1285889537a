"""The scripts that train, on JAX and in bfloat16, as one runs them on a machine with a GPU.

`make test-jax` runs them where TensorFlow is not installed.
"""

import importlib.util
import os
import pathlib
import subprocess
import sys

import pytest

pytest.importorskip("jax")
TRAINING = pathlib.Path(__file__).parents[2] / "training"
SMALL = {
    "train.py": ["--model=ct_secn_16", '--arguments={"blocks": 1, "filters": 8, "n": 1}'],
    "cascade.py": [
        *("--blocks=1", "--filters=8", "--n=1", "--first_steps=2", "--stage_steps=2"),
        *("--initializer=lstsq", "--strategy=mirrored", "--logical_devices=2"),
    ],
    "pocket.py": ["--size=s"],
}
WITHOUT_TENSORFLOW = """
import importlib.util, runpy, sys
for name in ("tensorflow", "tensorboard"):
    if importlib.util.find_spec(name):
        sys.modules[name] = None  # as if it were not installed
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0].rpartition("/")[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize("script", SMALL)
def test_script_trains_without_tensorflow(script, photos, tmp_path):
    if script == "pocket.py" and importlib.util.find_spec("tensorflow"):
        pytest.skip("Keras' Rescaling asks any TensorFlow that it finds installed")
    command = [
        *(sys.executable, "-c", WITHOUT_TENSORFLOW, TRAINING / script, *SMALL[script]),
        *(f"--data_dir={photos}", f"--val_dir={photos}", f"--cache_dir={tmp_path / 'cache'}"),
        *("--precision=mixed_bfloat16", "--batch_size=2", "--hr_patch=16", "--interval=2"),
        f"--output_dir={tmp_path / 'run'}",
        *(["--steps=2"] if script != "cascade.py" else []),
    ]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    networks = [path.parent.name for path in (tmp_path / "run").glob("*/model.keras")]
    assert len(networks) == 2 - (script == "train.py")
