"""One training step of a network in a process of its own, and the memory that it takes."""

import json
import subprocess
import sys
import time

from keras_secn.utils.errors import UserError
from keras_secn.utils.memory import peak_mib


def measure(name, precision="mixed_bfloat16", batch_size=16, hr_patch=96, arguments=None):
    """Builds a system and trains it for one step, in a fresh process on the same backend.

    Args:
        name: of `keras_secn.models.registry.SYSTEMS`.
        precision: "float32" or "mixed_bfloat16".
        batch_size, hr_patch: of the step.
        arguments: of the factory, in place of the system's own.

    Returns:
        A dictionary: `name`, `parameters`, `backend`, `precision`, `batch_size`, `hr_patch`,
        `build_seconds`, `seconds` of the first step (compilation included), `loss` before it, and
        `peak_mib`, the peak memory of the whole process (None where the system does not tell).

    Raises:
        UserError: the process ended without a result, as for want of memory.
    """
    asked = [name, precision, batch_size, hr_patch, arguments or {}]
    done = subprocess.run(
        [sys.executable, "-m", __name__, json.dumps(asked)], capture_output=True, text=True
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise UserError(f"a step of {name} ended with status {done.returncode}: {last}")
    return json.loads(done.stdout.splitlines()[-1])


def to_markdown(rows):
    """The results as a table."""
    lines = [
        "| network | parameters | backend | precision | batch | HR patch | build (s) "
        "| first step (s) | loss | peak memory (MiB) |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['name']} | {row['parameters']:,} | {row['backend']} | {row['precision']} "
            f"| {row['batch_size']} | {row['hr_patch']} | {row['build_seconds']:.1f} "
            f"| {row['seconds']:.1f} | {row['loss']:.2f} | {row['peak_mib'] or float('nan'):.0f} |"
        )
    return "\n".join(lines) + "\n"


def _step(name, precision, batch_size, hr_patch, arguments):
    import keras
    import numpy as np

    from keras_secn.models.registry import system
    from keras_secn.training.precision import precision_scope
    from keras_secn.training.recipe import Recipe
    from keras_secn.training.trainer import compile_model

    keras.utils.set_random_seed(0)
    started = time.perf_counter()
    with precision_scope(precision):
        model = system(name).build(**arguments)
    compile_model(model, Recipe(1, precision=precision))
    built = time.perf_counter()
    rng = np.random.default_rng(0)
    hr = rng.uniform(0, 255, (batch_size, hr_patch, hr_patch, 3)).astype("float32")
    loss = model.train_on_batch(hr[:, ::2, ::2], hr)
    return {
        "name": name,
        "parameters": model.count_params(),
        "backend": keras.backend.backend(),
        "precision": precision,
        "batch_size": batch_size,
        "hr_patch": hr_patch,
        "build_seconds": built - started,
        "seconds": time.perf_counter() - built,
        "loss": float(loss),
        "peak_mib": peak_mib(),
    }


if __name__ == "__main__":
    print(json.dumps(_step(*json.loads(sys.argv[1]))))
