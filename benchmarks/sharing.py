"""Threads that share one `Upscaler`, and the plan of a folder whose results are there.

    python benchmarks/sharing.py

200 pictures of mixed sizes by 8 threads, on both engines: how many are right, by one thread's
results, and the time beside one thread's (median over rounds in turns). Then what `keras-secn
upscale` needs to find that 2,000 results are there already.
"""

import pathlib
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from absl import flags
from PIL import Image

from keras_secn.training.app import run_app
from keras_secn.utils.markdown import markdown_table

FLAGS = flags.FLAGS
flags.DEFINE_string("network", "pocket_secn_s", "A preset's name.")
flags.DEFINE_list("engines", ["litert", "keras"], "Which of them.")
flags.DEFINE_integer("threads", 8, "How many share.", lower_bound=2)
flags.DEFINE_integer("pictures", 200, "How many.", lower_bound=1)
flags.DEFINE_integer("rounds", 3, "Rounds in turns.", lower_bound=1)
flags.DEFINE_integer("results", 2000, "Results that are there when a folder is planned.")


def main(argv):
    print(markdown_table(["engine", "threads", "right", "seconds", "ratio"], _shared()))
    print(markdown_table(["results that are there", "seconds to plan"], [_planned()]), end="")


def _shared():
    from keras_secn.upscaling import Upscaler

    chance = np.random.default_rng(0)
    sizes = chance.integers(24, 120, (FLAGS.pictures, 2))
    pictures = [chance.integers(0, 256, (*size, 3), np.uint8) for size in sizes]
    for engine in FLAGS.engines:
        upscaler = Upscaler(FLAGS.network, engine=engine)
        expected = [upscaler(picture) for picture in pictures]
        seconds = {1: [], FLAGS.threads: []}
        right = dict.fromkeys(seconds, len(pictures))
        for _ in range(FLAGS.rounds):
            for threads, times in seconds.items():
                with ThreadPoolExecutor(threads) as pool:
                    started = time.perf_counter()
                    made = list(pool.map(upscaler, pictures))
                    times.append(time.perf_counter() - started)
                same = (_near(one, two) for one, two in zip(made, expected, strict=True))
                right[threads] = min(right[threads], sum(same))
        medians = {threads: float(np.median(times)) for threads, times in seconds.items()}
        for threads, median in medians.items():
            count = f"{right[threads]} of {len(pictures)}"
            yield engine, threads, count, f"{median:.2f}", f"{median / medians[1]:.2f}"


def _near(made, expected):
    # sums of floats may come in another order: a gray level
    return made.shape == expected.shape and np.abs(made.astype(int) - expected).max() <= 1


def _planned():
    from keras_secn.upscaling import batch

    with tempfile.TemporaryDirectory() as name:
        folder, results = pathlib.Path(name) / "in", pathlib.Path(name) / "in_x2"
        folder.mkdir()
        results.mkdir()
        Image.new("RGB", (64, 48)).save(folder / "0.jpg")
        content = (folder / "0.jpg").read_bytes()
        for number in range(FLAGS.results):
            (folder / f"{number}.jpg").write_bytes(content)
            (results / f"{number}.jpg").write_bytes(content)
        times = []
        for _ in range(FLAGS.rounds):
            started = time.perf_counter()
            plan = batch.plan([str(folder)], None, "x2")
            times.append(time.perf_counter() - started)
            assert len(plan.jobs) == FLAGS.results and not any(job.size for job in plan.jobs)
    return f"{FLAGS.results:,}", f"{np.median(times):.2f}"


if __name__ == "__main__":
    run_app(main)
