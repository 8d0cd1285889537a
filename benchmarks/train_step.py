"""Training throughput of this library beside the usual tutorial way, on this machine.

    python benchmarks/train_step.py

Both ways train the same networks from random weights on the same photographs. Ours reads patches
from the memory-mapped cache; the tutorial's tf.data pipeline decodes, crops, downscales and turns
photographs at each step, and `compile` and `fit` keep their defaults. The variants take turns, and
the table gives medians over the turns, ratios to the tutorial, the share of time that steps waited
for their input, and the share of this machine's own matrix-multiplication peak.
"""

import contextlib
import multiprocessing
import pathlib
import statistics
import sys
import tempfile
import time

from absl import flags
from flag_values import whole_numbers
from tqdm import tqdm

from keras_secn.data.photo_cache import PhotoCache
from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table

SAMPLES = pathlib.Path(__file__).resolve().parents[1] / "keras_secn" / "samples" / "train"
# forward, gradient of the inputs, gradient of the weights; two operations per multiply-add
OPERATIONS = 3 * 2
FLAGS = flags.FLAGS
flags.DEFINE_multi_string("data_dir", [str(SAMPLES)], "Folder of photographs; repeatable.")
flags.DEFINE_list("networks", ["0", "16"], "Which CT-SECN_n to time; 0 is SECN.")
flags.DEFINE_list("precisions", ["float32", "mixed_bfloat16"], "Of our way.")
flags.DEFINE_integer("batch_size", 16, "Patches per step.", lower_bound=1)
flags.DEFINE_integer("hr_patch", 48, "Patch size in HR pixels.", lower_bound=2)
flags.DEFINE_integer("rounds", 5, "Turns of each variant.", lower_bound=1)
flags.DEFINE_float("seconds", 6.0, "About so long a turn takes.", lower_bound=0.1)
flags.DEFINE_string("json", None, "Writes all figures to this file.")

# Keras is imported within functions: it takes seconds, for which --help does not wait


def matmul_peak(precision="float32", size=2048, rounds=5):
    """Operations per second of the backend's own product of two square matrices, at its best."""
    import keras

    dtype = "bfloat16" if precision == "mixed_bfloat16" else "float32"
    left = keras.ops.cast(keras.random.normal((size, size)), dtype)
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        # reading one value back waits for a device that works on behind us
        float(keras.ops.matmul(left, left)[0, 0])
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 / min(seconds)


class OurWay:
    """This library's own: the photograph cache and a `Recipe`'s compile."""

    def __init__(self, n, cache, recipe):
        import keras

        from keras_secn.data.patches import PatchDataset
        from keras_secn.models.secn import build_ct_secn
        from keras_secn.rewrite.fuse_upsampler import fuse_for_training
        from keras_secn.training.devices import has_accelerator
        from keras_secn.training.several_steps import AT_ONCE, in_one_call
        from keras_secn.training.trainer import PROCESSES, compile_model
        from keras_secn.utils.allocator import keep_freed_memory
        from keras_secn.utils.precision_scope import precision_scope

        keep_freed_memory()
        self.name = f"ours, {recipe.precision}"
        self.precision = recipe.precision
        keras.utils.set_random_seed(recipe.seed)
        with precision_scope(recipe.precision):
            self.model = build_ct_secn(n)
        self._trained = in_one_call(fuse_for_training(self.model))
        self._at_once = AT_ONCE if has_accelerator() else 1
        compile_model(self._trained, recipe, at_once=self._at_once)
        processes = PROCESSES if has_accelerator() else 0
        self._patches = lambda steps: PatchDataset(
            *(cache, recipe.batch_size, recipe.hr_patch),
            steps=steps,
            dtype="uint8",
            processes=processes,
        )

    def fit(self, steps):
        """Trains for some steps after a first one; seconds of them and their input wait."""
        from keras_secn.training.input_wait import InputWait

        calls = -(-steps // self._at_once)
        data = self._patches((calls + 1) * self._at_once)
        wait = InputWait(data)
        seconds = _seconds_of_fit(self._trained, data, [wait])
        return seconds * steps / (calls * self._at_once), wait.share


class TutorialWay:
    """A tf.data pipeline from files, and Keras' defaults: what most tutorials show."""

    def __init__(self, n, cache, recipe, jit_compile="auto"):
        import keras

        from keras_secn.models.secn import build_ct_secn

        self.name = "tutorial" if jit_compile == "auto" else "tutorial, jit_compile=False"
        self.precision = "float32"
        keras.utils.set_random_seed(recipe.seed)
        self.model = build_ct_secn(n)
        self.model.compile(
            keras.optimizers.Adam(recipe.learning_rate),
            "mean_absolute_error",
            jit_compile=jit_compile,
        )
        self._data = _tutorial_pipeline(cache.names, recipe.batch_size, recipe.hr_patch)

    def fit(self, steps):
        """As `OurWay.fit`; how long steps wait cannot be seen from outside."""
        return _seconds_of_fit(self.model, self._data, steps_per_epoch=steps + 1), None


def _seconds_of_fit(model, data, callbacks=(), **options):
    """From the end of the first step, which fills the pipeline, to the end of the last."""
    import keras

    ends = []
    clock = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: ends.append(time.perf_counter())
    )
    model.fit(data, verbose=0, shuffle=False, callbacks=[clock, *callbacks], **options)
    return ends[-1] - ends[0]


def _tutorial_pipeline(names, batch_size, hr_patch):
    import tensorflow as tf  # tf.data is what is compared with

    def patch(name):
        photo = tf.io.decode_image(tf.io.read_file(name), 3, expand_animations=False)
        hr = tf.image.random_crop(photo, (hr_patch, hr_patch, 3))
        hr = tf.image.random_flip_left_right(hr)
        hr = tf.image.rot90(hr, tf.random.uniform((), 0, 4, tf.int32))
        hr = tf.cast(hr, tf.float32)
        lr = tf.image.resize(hr, (hr_patch // 2, hr_patch // 2), "bicubic", antialias=True)
        return lr, hr

    data = tf.data.Dataset.from_tensor_slices(names).repeat().shuffle(len(names))
    data = data.map(patch, num_parallel_calls=tf.data.AUTOTUNE)
    return data.batch(batch_size).prefetch(tf.data.AUTOTUNE)


def compare(networks, precisions, folders, cache_dir, *, batch_size, hr_patch, rounds, seconds):
    """Times our way and the tutorial's in turns, each in a process of its own.

    The arguments are the flags below.

    Returns:
        A dictionary: `machine`, `peaks` (operations per second by precision), and `rows`, each with
        `network`, `way`, `steps_per_second`, `images_per_second`, `input_wait`, `peak_share` and
        `ratio` (to the tutorial).
    """
    import keras

    from keras_secn.metrics.timing import machine
    from keras_secn.training.recipe import Recipe

    cache = PhotoCache.build(folders, cache_dir, min_hr=hr_patch)
    recipes = [
        Recipe(steps=1000, batch_size=batch_size, hr_patch=hr_patch, precision=precision)
        for precision in precisions
    ]
    tutorial = keras.backend.backend() == "tensorflow"
    bar = tqdm(total=len(networks) * (rounds + 1), unit="round", file=sys.stderr)
    rows, peaks = [], {precision: [] for precision in {*precisions, "float32"}}
    for n in networks:
        with contextlib.ExitStack() as stack:
            wanted = [(OurWay, recipe, {}) for recipe in recipes]
            if tutorial:
                wanted += [(TutorialWay, recipes[0], {})]
                wanted += [(TutorialWay, recipes[0], {"jit_compile": False})]
            ways = [
                stack.enter_context(_InProcess(way, n, folders, cache_dir, recipe, options))
                for way, recipe, options in wanted
            ]
            bar.set_description(f"ct_secn_{n}")
            # compiled and measured once: a turn of each way shall take about as long
            steps = [max(1, round(seconds / _seconds_per_step(way))) for way in ways]
            bar.update()
            speeds, waits = [[] for _ in ways], [[] for _ in ways]
            for _ in range(rounds):
                for precision, values in peaks.items():
                    values.append(matmul_peak(precision, rounds=2))
                for index, way in enumerate(ways):
                    elapsed, wait = way.fit(steps[index])
                    speeds[index].append(steps[index] / elapsed)
                    waits[index].append(wait)
                bar.update()
        rows += _rows(ways, speeds, waits, peaks, batch_size)
    bar.close()
    return {
        "machine": machine(),
        "batch_size": batch_size,
        "hr_patch": hr_patch,
        "photographs": len(cache),
        "peaks": {name: statistics.median(values) for name, values in peaks.items()},
        "rows": rows,
    }


class _InProcess:
    """A way of training in a process of its own, since allocators and compilers are a process's.

    Used as a context; has the way's attributes `name`, `precision`, `network` and `operations`.
    """

    def __init__(self, way, *arguments):
        self._way, self._arguments = way, arguments

    def __enter__(self):
        context = multiprocessing.get_context("spawn")  # a fork of TensorFlow's threads hangs
        self._pipe, other = context.Pipe()
        arguments = (other, self._way, *self._arguments)
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        other.close()
        vars(self).update(self._pipe.recv())
        return self

    def fit(self, steps):
        self._pipe.send(steps)
        return self._pipe.recv()

    def __exit__(self, *error):
        self._process.terminate()
        self._process.join()


def _serve(pipe, way, n, folders, cache_dir, recipe, options):
    from keras_secn.metrics.complexity import multiply_adds

    cache = PhotoCache.build(folders, cache_dir, min_hr=recipe.hr_patch, progress=False)
    way = way(n, cache, recipe, **options)
    pixels = recipe.batch_size * (recipe.hr_patch // 2) ** 2
    operations = OPERATIONS * multiply_adds(way.model) * pixels
    names = {"name": way.name, "precision": way.precision, "network": way.model.name}
    pipe.send({**names, "operations": operations})
    while True:
        pipe.send(way.fit(pipe.recv()))


def _seconds_per_step(way):
    way.fit(1)
    return way.fit(1)[0]


def _rows(ways, speeds, waits, peaks, batch_size):
    base = next((s for way, s in zip(ways, speeds, strict=True) if way.name == "tutorial"), None)
    rows = []
    for way, speed, wait in zip(ways, speeds, waits, strict=True):
        median = statistics.median(speed)
        ratios = [ours / theirs for ours, theirs in zip(speed, base, strict=True)] if base else []
        rows.append(
            {
                "network": way.network,
                "way": way.name,
                "steps_per_second": median,
                "images_per_second": median * batch_size,
                "input_wait": None if wait[0] is None else statistics.median(wait),
                "peak_share": median * way.operations / statistics.median(peaks[way.precision]),
                "ratio": statistics.median(ratios) if ratios else None,
            }
        )
    return rows


def to_markdown(results):
    """The results as a table, with a line about the machine above it."""
    peaks = ", ".join(f"{name} {peak / 1e9:.0f}" for name, peak in sorted(results["peaks"].items()))
    columns = {
        "network": "{network}",
        "way": "{way}",
        "steps/s": "{steps_per_second:.3f}",
        "input wait": "{wait}",
        "share of peak": "{peak_share:.0%}",
        "ratio to tutorial": "{to_tutorial}",
    }
    rows = [
        {
            **row,
            "wait": "-" if row["input_wait"] is None else f"{row['input_wait']:.2%}",
            "to_tutorial": "-" if row["ratio"] is None else f"{row['ratio']:.2f}",
        }
        for row in results["rows"]
    ]
    return (
        f"{results['machine']}; matrix products reach (GFLOP/s): {peaks}; batch "
        f"{results['batch_size']}, HR patches of {results['hr_patch']} pixels\n\n"
        + markdown_table(columns, rows)
    )


def main(argv):
    from keras_secn.metrics.protocol import write_json

    if not set(FLAGS.precisions) <= {"float32", "mixed_bfloat16"}:
        raise UserError("--precisions are float32 and mixed_bfloat16")
    networks = whole_numbers(FLAGS.networks, "networks")
    with tempfile.TemporaryDirectory() as cache_dir:
        results = compare(
            networks,
            FLAGS.precisions,
            FLAGS.data_dir,
            cache_dir,
            batch_size=FLAGS.batch_size,
            hr_patch=FLAGS.hr_patch,
            rounds=FLAGS.rounds,
            seconds=FLAGS.seconds,
        )
    print(to_markdown(results))
    if FLAGS.json:
        write_json(results, FLAGS.json)


if __name__ == "__main__":
    run_app(main)
