"""Latency, peak memory and size of `.tflite` files, side by side.

python tflite/benchmark.py a.tflite b.tflite --size 270x480 --threads 2
"""

import pathlib

from absl import flags

from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table

FLAGS = flags.FLAGS
flags.DEFINE_string("size", "270x480", "HxW of the LR picture.")
flags.DEFINE_integer("threads", 2, "Threads of LiteRT.", lower_bound=1)
flags.DEFINE_integer("rounds", 10, "Runs of each file.", lower_bound=1)
flags.DEFINE_string("json", None, "Writes all figures to this file.")
flags.DEFINE_boolean("progress", True, "Shows a progress bar.")


def main(argv):
    if len(argv) < 2:
        raise UserError("usage: benchmark.py FILE... --size HxW --threads N")
    from keras_secn.lite.benchmark import benchmark
    from keras_secn.utils.sizes import parse_size

    size = parse_size(FLAGS.size)
    rows = benchmark(argv[1:], size, FLAGS.threads, FLAGS.rounds, FLAGS.progress)
    print(_table(rows))
    if FLAGS.json:
        from keras_secn.metrics.protocol import write_json

        write_json({"size": size, "threads": FLAGS.threads, "results": rows}, FLAGS.json)


def _table(rows):
    cells = [
        {
            **row,
            "file": pathlib.Path(row["file"]).name,
            "kb": row["bytes"] / 1000,
            "peak": "-" if row["peak_mib"] is None else f"{row['peak_mib']:.0f}",
        }
        for row in rows
    ]
    columns = {
        "file": "{file}",
        "size (KB)": "{kb:.0f}",
        "median (ms)": "{median_ms:.1f}",
        "best (ms)": "{min_ms:.1f}",
        "ratio": "{ratio:.2f}",
        "peak memory (MiB)": "{peak}",
    }
    return markdown_table(columns, cells)


if __name__ == "__main__":
    run_app(main, positional=True)
