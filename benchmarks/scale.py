"""What more devices, more processes and more photographs cost. `make scale` runs it.

    python benchmarks/scale.py                     # everything, 50,000 photographs: 20 GB, hours
    python benchmarks/scale.py --short             # what CI runs
    python benchmarks/scale.py --part photographs --photographs 5000 --folder /data/tmp

Prints Markdown tables and keeps the figures in a JSON file, from which scale_plot.py draws the
picture of docs/scaling.md. Times are this machine's; equality is what must hold everywhere.
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from synthetic import DISTINCT, PIXELS, make_photographs

from keras_secn.utils.markdown import markdown_table

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # the trainers are the tests' own

JAX = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}


def show(title, columns, rows):
    print(f"## {title}\n\n{markdown_table(columns, rows)}", flush=True)


def worker(code, *arguments, environment=None, **options):
    """Runs a function of this file in a process of its own and returns what it printed, as JSON."""
    command = [sys.executable, __file__, "--worker", code, *map(str, arguments)]
    environment = {**os.environ, **(environment or {})}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, **options)


def result(process):
    text, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"a worker failed: {process.args}")
    return json.loads(text.splitlines()[-1])


# --- devices


def measure_devices(short):
    from processes import train_on_devices

    counts, steps = ((2,), 40) if short else ((2, 4), 200)
    backends = ["jax"] if short else ["jax", "tensorflow"]
    rows = [row for backend in backends for row in train_on_devices(backend, counts, steps)]
    show(
        f"Logical devices of one processor, {steps} steps, the same global batch",
        {
            "backend": "{backend}",
            "devices": "{devices}",
            "images/s": "{images_per_second:.0f}",
            "largest difference of a loss": "{loss_difference:.1e} (relative)",
            "of a weight": "{weight_difference:.1e}",
        },
        rows,
    )
    return rows


# --- processes


def measure_processes(short, folder):
    from pictures import noise
    from PIL import Image
    from processes import differences, start_group

    photos = folder / "photos"
    photos.mkdir()
    for seed in range(3):
        Image.fromarray(noise((60, 64), seed)).save(photos / f"{seed}.png")
    flags = {"steps": 60 if short else 200, "interval": 20, "batch_size": 8}
    rows = []
    for count in (1, 2) if short else (1, 2, 4):
        run = folder / f"run{count}"
        group = start_group(count, folder / f"logs{count}", run, photos, folder / "cache", **flags)
        if any([process.wait() for process in group]):
            raise SystemExit((folder / f"logs{count}" / "0").read_text())
        history = json.loads((run / "network" / "history.json").read_text())
        seconds = sum(row["seconds"] for row in history[1:])
        weight, score = differences(run, folder / "run1")
        images = flags["batch_size"] * (history[-1]["step"] - history[0]["step"])
        rows.append(
            {
                "processes": count,
                "images_per_second": images / seconds,
                "weight_difference": weight,
                "score_difference": score,
            }
        )
    show(
        f"Processes over the loopback (JAX, gloo), {flags['steps']} steps",
        {
            "processes": "{processes}",
            "images/s": "{images_per_second:.0f}",
            "largest difference of a weight": "{weight_difference:.1e}",
            "of a loss or score": "{score_difference:.1e}",
        },
        rows,
    )
    return rows


# --- all-reduce

NETWORKS = {"CT-SECN_16": 351_043, "SECN": 1_379_139, "EDSR B32F256": 40_729_603}


def measure_allreduce(short):
    from processes import free_port

    rows = []
    for count in (2,) if short else (2, 4):
        port = free_port()
        group = []
        for index in range(count):
            environment = {
                **JAX,
                "KERAS_DISTRIBUTION_JOB_ADDRESSES": f"127.0.0.1:{port}",
                "KERAS_DISTRIBUTION_NUM_PROCESSES": str(count),
                "KERAS_DISTRIBUTION_PROCESS_ID": str(index),
            }
            group.append(worker("allreduce", int(short), environment=environment))
        for name, seconds in [result(process) for process in group][0].items():
            rows.append({"processes": count, "network": name, "seconds": seconds})
    show(
        "All-reduce of one step's gradients over the loopback (JAX, gloo)",
        ["processes", "network", "MB", "ms"],
        [
            [
                r["processes"],
                r["network"],
                f"{4e-6 * NETWORKS[r['network']]:.1f}",
                f"{1e3 * r['seconds']:.1f}",
            ]
            for r in rows
        ],
    )
    return rows


def work_allreduce(short):
    sys.modules["tensorflow"] = None
    from keras_secn.training import multihost

    with multihost.together():
        multihost.join()
        import jax
        import numpy as np
        from jax.experimental import multihost_utils
        from jax.sharding import Mesh, PartitionSpec

        mesh = Mesh(jax.devices(), ("host",))
        total = jax.jit(
            jax.shard_map(
                lambda part: jax.lax.psum(part, "host"),
                mesh=mesh,
                in_specs=PartitionSpec("host"),
                out_specs=PartitionSpec(),
            )
        )
        medians = {}
        for name, size in list(NETWORKS.items())[: 2 if short == "1" else 3]:
            local = np.ones((1, size), np.float32)
            part = multihost_utils.host_local_array_to_global_array(
                local, mesh, PartitionSpec("host")
            )
            times = []
            for _ in range(9):
                started = time.perf_counter()
                total(part).block_until_ready()
                times.append(time.perf_counter() - started)
            medians[name] = statistics.median(times[2:])
    return medians


# --- photographs


def measure_photographs(number, folder):
    rows = []
    try:
        for count in (400, number):
            process = worker("photographs", folder, count)
            rows.append({"photographs": count, **result(process)})
        steps = result(worker("steps", folder, 400, number, environment=JAX))
        for row, values in zip(rows, steps, strict=True):
            row.update(values)
    finally:
        shutil.rmtree(folder / "photographs", ignore_errors=True)
        shutil.rmtree(folder / "cache", ignore_errors=True)
    lines = [
        ("build: CPU seconds per megapixel", "cpu_per_megapixel", "{:.3f}"),
        ("build: seconds per megapixel", "wall_per_megapixel", "{:.3f}"),
        ("build: peak memory, MB", "peak_mb", "{:.0f}"),
        ("cache on disk, MB", "disk_mb", "{:,.0f}"),
        ("opening again, s", "open_seconds", "{:.2f}"),
        ("opening again: peak memory, MB", "open_peak_mb", "{:.0f}"),
        ("a batch of 16 patches, first touch, ms", "first_ms", "{:.2f}"),
        ("a batch of 16 patches, ms", "batch_ms", "{:.2f}"),
        ("a training step, ms", "step_ms", "{:.1f}"),
    ]
    show(
        f"Photographs of 0.1 megapixel ({DISTINCT} distinct ones, linked under many names)",
        ["", *(f"{row['photographs']:,}" for row in rows), "ratio"],
        [
            [text, *(form.format(row[key]) for row in rows), f"{rows[1][key] / rows[0][key]:.2f}"]
            for text, key, form in lines
        ],
    )
    return rows


def photographs_folder(folder, count):
    return pathlib.Path(folder) / "photographs" / str(count)


def work_photographs(folder, count):
    from keras_secn.data.photo_cache import PhotoCache

    photos = photographs_folder(folder, count)
    make_photographs(photos, int(count))
    cache_dir = pathlib.Path(folder) / "cache"
    started, busy = time.perf_counter(), time.process_time()
    cache = PhotoCache.build(photos, cache_dir)
    megapixels = int(count) * PIXELS[0] * PIXELS[1] / 1e6
    row = {
        "cpu_per_megapixel": (time.process_time() - busy) / megapixels,
        "wall_per_megapixel": (time.perf_counter() - started) / megapixels,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "disk_mb": sum(path.stat().st_size for path in cache.folder.iterdir()) / 1e6,
    }
    again = result(worker("open", folder, count))
    return {**row, **again}


def work_open(folder, count):
    from keras_secn.data.photo_cache import PhotoCache

    started = time.perf_counter()
    PhotoCache.build(photographs_folder(folder, count), pathlib.Path(folder) / "cache")
    return {
        "open_seconds": time.perf_counter() - started,
        "open_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }


def work_steps(folder, *counts):
    """Batches and training steps on each cache, in turns."""
    sys.modules["tensorflow"] = None
    import keras
    import numpy as np

    from keras_secn.data.patches import PatchDataset
    from keras_secn.data.photo_cache import PhotoCache
    from keras_secn.models.edsr_trunk import build_network
    from keras_secn.training.recipe import Recipe
    from keras_secn.training.trainer import compile_model

    caches = [
        PhotoCache.build(photographs_folder(folder, count), pathlib.Path(folder) / "cache")
        for count in counts
    ]
    data = [PatchDataset(cache, 16, 48, seed=1) for cache in caches]

    def batches(source, start, number=100):
        times = []
        for index in range(start, start + number):
            started = time.perf_counter()
            source[index]
            times.append(time.perf_counter() - started)
        return 1e3 * statistics.median(times)

    first = [batches(source, 0) for source in data]
    again = [statistics.median(batches(s, 0) for _ in range(3)) for s in data]

    class Times(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            times.append(time.perf_counter())

    model = build_network(["se", "separable"], filters=16)
    # without a moving average: on JAX, Keras' optimizer shares its buffers with the weights
    # after the first `fit`, and the second one refuses that
    compile_model(model, Recipe(200, hr_patch=48, ema=0.0))
    steps = [[] for _ in data]
    for turn in range(5):  # the first one compiles
        for cache, kept in zip(caches, steps, strict=True):
            times = []
            source = PatchDataset(cache, 16, 48, seed=2, steps=30)
            model.fit(source, steps_per_epoch=30, shuffle=False, callbacks=[Times()], verbose=0)
            kept += np.diff(times).tolist() if turn else []
    return [
        {"first_ms": a, "batch_ms": b, "step_ms": 1e3 * statistics.median(c)}
        for a, b, c in zip(first, again, steps, strict=True)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a minute's version")
    parser.add_argument("--part", choices=["devices", "processes", "allreduce", "photographs"])
    parser.add_argument("--photographs", type=int, default=50_000)
    parser.add_argument("--folder", help="where photographs and caches are made for the while")
    parser.add_argument("--json", type=pathlib.Path, help="figures are added to this file")
    parser.add_argument("--worker", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        name, *arguments = options.worker
        print(json.dumps(globals()[f"work_{name}"](*arguments)))
        return
    figures = {}
    if options.json and options.json.exists():
        figures = json.loads(options.json.read_text())
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        folder = pathlib.Path(folder)
        number = 800 if options.short else options.photographs
        parts = {
            "devices": lambda: measure_devices(options.short),
            "processes": lambda: measure_processes(options.short, folder),
            "allreduce": lambda: measure_allreduce(options.short),
            "photographs": lambda: measure_photographs(number, folder),
        }
        for name in [options.part] if options.part else parts:
            figures[name] = parts[name]()
            if options.json:
                options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
