"""Peak memory of enlarging pictures near the limit of 89 million pixels, each in its own process.

    python benchmarks/peak_memory.py
    python benchmarks/peak_memory.py --cases jpg:jpg --megapixels 20

Prints a table. A case names the formats of the original and of the result; `rgba` is a PNG with
alpha. The PNG without alpha has 12,000 x 8,000 pixels, the others 10,800 x 8,100, in that ratio
where `--megapixels` asks for fewer.
"""

import json
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from absl import flags
from PIL import Image

from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table

FLAGS = flags.FLAGS
flags.DEFINE_list("cases", ["png:png", "jpg:jpg", "rgba:png"], "Originals and results.")
flags.DEFINE_string("network", "pocket_secn_s", "A preset's name, a .tflite or a .keras file.")
flags.DEFINE_float("megapixels", None, "Of the originals; as above if not given.", lower_bound=0.1)

SIZES = {"png": (12000, 8000)}
LARGE = (10800, 8100)
CHILD = """
import sys
from keras_secn import cli
from keras_secn.utils.memory import peak_mib
status = cli.main(sys.argv[1:])
print(peak_mib())
sys.exit(status)
"""


def main(argv):
    for case in FLAGS.cases:
        if case.count(":") != 1:
            raise UserError(f"a case is ORIGINAL:RESULT, for example jpg:png, not {case!r}")
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for case in FLAGS.cases:
            rows.append(_measured(case, pathlib.Path(name)))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    columns = ["original", "result", "megapixels", "file", "peak", "bytes a pixel"]
    print(markdown_table(columns, rows), end="")


def _measured(case, folder):
    kind, target = case.split(":")
    path, out = folder / f"in.{'png' if kind == 'rgba' else kind}", folder / f"out.{target}"
    width, height = SIZES.get(kind, LARGE)
    if FLAGS.megapixels:
        factor = math.sqrt(FLAGS.megapixels * 1e6 / (width * height))
        width, height = round(factor * width), round(factor * height)
    # made by a process of its own, which leaves its memory to the system
    make = [sys.executable, __file__, "--make", kind, str(width), str(height), str(path)]
    subprocess.run(make, check=True)
    command = ["upscale", str(path), "-o", str(out), "--model", FLAGS.network]
    command += ["--max-pixels", str(width * height), "--overwrite"]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *command], check=True, capture_output=True, text=True
    )
    peak = float(done.stdout.splitlines()[-1]) * 2**20
    row = [kind, target, f"{width * height / 1e6:.1f}", f"{out.stat().st_size / 1e6:.0f} MB"]
    out.unlink()
    return [*row, f"{peak / 1e9:.2f} GB", f"{peak / (width * height):.1f}"]


def make(kind, width, height, path):
    """Writes a picture of soft shapes with some grain, with alpha of all values if asked for."""
    chance = np.random.default_rng(0)
    bands = {"rgba": 4}.get(kind, 3)
    small = chance.integers(0, 256, (60, 80, bands), np.uint8)
    soft = Image.fromarray(small).resize((1600, 1200), Image.Resampling.BICUBIC)
    tile = np.clip(np.asarray(soft) + chance.normal(0, 2, (1200, 1600, bands)), 0, 255)
    if kind == "rgba":
        tile[..., 3] = np.where(tile[..., 3] < 60, 0, tile[..., 3])
    image = Image.new("RGBA" if kind == "rgba" else "RGB", (width, height))
    tile = Image.fromarray(tile.astype(np.uint8))
    for top in range(0, height, tile.height):
        for left in range(0, width, tile.width):
            image.paste(tile, (left, top))
    options = {"quality": 95} if kind == "jpg" else {"compress_level": 1} if "png" in path else {}
    image.save(path, **options)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        Image.MAX_IMAGE_PIXELS = None
        make(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
    else:
        run_app(main)
