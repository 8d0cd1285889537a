"""Builds EDSR and SECN B32F256 (41 M parameters) and trains each for one step in bfloat16.

    python benchmarks/large_models.py
    KERAS_BACKEND=jax python benchmarks/large_models.py --batch_size 16 --hr_patch 192

Each runs in a process of its own, whose peak memory the table states.
"""

import json
import subprocess
import sys
import time

from absl import flags

from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table
from keras_secn.utils.memory import peak_mib

FLAGS = flags.FLAGS
COLUMNS = {
    "network": "{name}",
    "parameters": "{parameters:,}",
    "backend": "{backend}",
    "precision": "{precision}",
    "batch": "{batch_size}",
    "HR patch": "{hr_patch}",
    "build (s)": "{build_seconds:.1f}",
    "first step (s)": "{seconds:.1f}",
    "loss": "{loss:.2f}",
    "peak memory (MiB)": "{peak_mib:.0f}",
}


def measure(name, precision="mixed_bfloat16", batch_size=16, hr_patch=96, arguments=None):
    """Builds a system and trains it for one step, in a fresh process on the same backend.

    Returns a dictionary of the columns above: `seconds` are those of the first step, compilation
    included, `loss` is before it, `peak_mib` (NaN where the system does not tell) is of the whole
    process.

    Raises:
        UserError: the process ended without a result, as for want of memory.
    """
    asked = {"name": name, "precision": precision, "batch_size": batch_size, "hr_patch": hr_patch}
    done = subprocess.run(
        [sys.executable, __file__, "--step", json.dumps([asked, arguments or {}])],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise UserError(f"a step of {name} ended with status {done.returncode}: {last}")
    return json.loads(done.stdout.splitlines()[-1])


def _step(asked, arguments):
    import keras
    import numpy as np

    from keras_secn.models.registry import system
    from keras_secn.training.recipe import Recipe
    from keras_secn.training.trainer import compile_model
    from keras_secn.utils.precision_scope import precision_scope

    keras.utils.set_random_seed(0)
    started = time.perf_counter()
    with precision_scope(asked["precision"]):
        model = system(asked["name"]).build(**arguments)
    compile_model(model, Recipe(1, precision=asked["precision"]))
    built = time.perf_counter()
    rng = np.random.default_rng(0)
    side = asked["hr_patch"]
    hr = rng.uniform(0, 255, (asked["batch_size"], side, side, 3)).astype("float32")
    loss = model.train_on_batch(hr[:, ::2, ::2], hr)
    return {
        **asked,
        "parameters": model.count_params(),
        "backend": keras.backend.backend(),
        "build_seconds": built - started,
        "seconds": time.perf_counter() - built,
        "loss": float(loss),
        "peak_mib": peak_mib() or float("nan"),
    }


def define_flags():
    flags.DEFINE_list("models", ["edsr_large", "secn_large"], "Names of systems of the registry.")
    flags.DEFINE_string("precision", "mixed_bfloat16", "float32 or mixed_bfloat16.")
    flags.DEFINE_integer("batch_size", 2, "Patches in the step.", lower_bound=1)
    flags.DEFINE_integer("hr_patch", 24, "Patch size in HR pixels.", lower_bound=2)
    flags.DEFINE_string("json", None, "Writes all figures to this file.")


def main(argv):
    from keras_secn.metrics.protocol import write_json

    rows = []
    for name in FLAGS.models:
        rows.append(measure(name, FLAGS.precision, FLAGS.batch_size, FLAGS.hr_patch))
        # each at once: the next one may not fit into memory
        print(markdown_table(COLUMNS, rows[-1:]), flush=True)
    if FLAGS.json:
        write_json(rows, FLAGS.json)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:  # a process of `measure`
        print(json.dumps(_step(*json.loads(sys.argv[2]))))
    else:
        define_flags()
        run_app(main)
