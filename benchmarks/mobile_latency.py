"""Latency of the networks for phones in int8, in turns: ratios to EDSR F32 B5.

    python benchmarks/mobile_latency.py --size 540x960 --threads 2

Weights are random: they do not change the time.
"""

import pathlib
import tempfile

from absl import flags

from keras_secn.lite.sizes import parse_size
from keras_secn.training.app import run_app

FLAGS = flags.FLAGS
flags.DEFINE_string("size", "540x960", "HxW of the LR picture.")
flags.DEFINE_integer("threads", 2, "Threads of LiteRT.", lower_bound=1)
flags.DEFINE_integer("rounds", 10, "Runs of each file.", lower_bound=1)
flags.DEFINE_string("quantization", "int8", "Kind of file, see tflite/convert.py.")
flags.DEFINE_boolean("progress", True, "Shows a progress bar.")


def main(argv):
    size = parse_size(FLAGS.size)
    import numpy as np

    from keras_secn import models
    from keras_secn.lite.benchmark import benchmark, to_markdown
    from keras_secn.lite.export import export

    networks = [models.build_edsr_mobile()]
    networks += [models.build_pocket_secn(s, collapsible=False) for s in ("s", "m", "l")]
    networks.append(models.build_ct_secn())
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (96, 96, 3), np.uint8)]
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for model in networks:
            # smaller than at the start of training: a wild picture would not pass export's check
            weights = [w / 2 + rng.normal(0, 0.005, w.shape) for w in model.get_weights()]
            model.set_weights(weights)
            paths.append(pathlib.Path(folder) / f"{model.name}.tflite")
            export(model, paths[-1], FLAGS.quantization, representative=pictures, progress=False)
        rows = benchmark(paths, size, FLAGS.threads, FLAGS.rounds, FLAGS.progress)
    print(to_markdown(rows))


if __name__ == "__main__":
    run_app(main)
