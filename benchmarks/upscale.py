"""What upscaling costs: cold start, memory and time by size, exactness, ratios; one table each.

    python benchmarks/upscale.py --preset ct_secn_16
    python benchmarks/upscale.py --tables fourfold --sizes 960x540
    python benchmarks/upscale.py --model A.tflite --keras A.keras --photos ../shared/data/photos

Every figure is the median over interleaved rounds; processes of their own where start or memory
counts. `--photos` adds what sampling the gates costs in PSNR on photographs beyond 512 x 512.
`--tables photo --data_dir SET5` is a photograph by `--fast`, by the default, by `--best` and by
Pillow, with PSNR-Y on the folders.
"""

import functools
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
from absl import flags
from PIL import Image
from tqdm import tqdm

from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table
from keras_secn.utils.sizes import parse_size

FLAGS = flags.FLAGS
flags.DEFINE_string("model", None, "The .tflite file; default: that of the preset.")
flags.DEFINE_string("keras", None, "The same network as a .keras file, instead of --preset.")
flags.DEFINE_string("preset", "ct_secn_16", "The same network by name.")
flags.DEFINE_string("photo", None, "A photograph to work on; default: one of the samples.")
flags.DEFINE_string("photos", None, "Folder of large photographs: adds the PSNR table.")
flags.DEFINE_integer("photo_limit", 6, "How many of them.", lower_bound=1)
flags.DEFINE_integer("rounds", 3, "Rounds of each measurement.", lower_bound=1)
flags.DEFINE_list("sizes", ["960x540", "3840x2160"], "WxH of originals, for memory and time.")
flags.DEFINE_list(
    "tables", ["start", "sizes", "exact", "speed"], "Which tables to make; or fourfold, or photo."
)
flags.DEFINE_multi_string("data_dir", [], "Folders that the table photo scores on; repeatable.")

# a process of its own: what it takes, without what the interpreter takes to start
RUN = """
import sys, time, warnings
import numpy as np
from keras_secn.upscaling import Upscaler
from keras_secn.utils.allocator import keep_freed_memory
model, engine, image, out, scale = sys.argv[1:]
if engine == "keras":
    keep_freed_memory(one_arena=True)
warnings.simplefilter("ignore")
upscaler = Upscaler(model, engine=engine, scale=float(scale))
# before the clock runs: loading and tracing are matters of the start. Beyond what is pooled whole,
# which is another graph; Keras traces for the first size alone, and for all sizes at the second
for size in ((520, 520), (560, 1000))[: 2 if engine == "keras" else 1]:
    upscaler(np.zeros((*size, 3), np.uint8))
# from array to array, or from file to file
image, out = (np.load(image), None) if out == "-" else (image, out)
started = time.perf_counter()
upscaler(image, out)
seconds = time.perf_counter() - started
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(seconds, int(peak.split()[1]) / 1024)
"""
BICUBIC = """
import sys
from PIL import Image
image = Image.open(sys.argv[1])
image.resize((2 * image.width, 2 * image.height), Image.Resampling.BICUBIC).save(sys.argv[2])
"""


def main(argv):
    from keras_secn.presets.lite_files import preset_file

    file = pathlib.Path(FLAGS.model or preset_file(FLAGS.preset))
    if not file.is_file():
        raise UserError(f"no such file: {file}")
    origin = FLAGS.keras or FLAGS.preset
    photo = FLAGS.photo or pathlib.Path(_package()) / "samples" / "validation" / "colosseum.jpg"
    tables = {
        "start": _start,
        "sizes": _sizes,
        "exact": _exact,
        "speed": _speed,
        "fourfold": _fourfold,
        "photo": _photo,
    }
    unknown = [name for name in FLAGS.tables if name not in tables]
    if unknown:
        raise UserError(f"unknown table {unknown[0]!r}; known are {', '.join(tables)}")
    for size in FLAGS.sizes:
        parse_size(size, "WxH")
    with tempfile.TemporaryDirectory() as folder:
        for name in FLAGS.tables:
            tables[name](file, origin, Image.open(photo).convert("RGB"), pathlib.Path(folder))
    if FLAGS.photos:
        _sampling(file)


def _package():
    import keras_secn

    return pathlib.Path(keras_secn.__file__).parent


def _print(title, head, rows):
    print(f"\n## {title}\n\n{markdown_table(head, rows)}", end="", flush=True)


def _rounds(runs, desc):
    """Median of each of `runs` (name -> function that returns seconds), in turns."""
    seconds = {name: [] for name in runs}
    for _ in tqdm(range(FLAGS.rounds), desc=desc, leave=False, disable=None):
        for name, run in runs.items():
            seconds[name].append(run())
    return {name: float(np.median(values)) for name, values in seconds.items()}


def _timed(function, *arguments):
    """A function that calls another and returns the seconds it took."""

    def run():
        started = time.perf_counter()
        function(*arguments)
        return time.perf_counter() - started

    return run


def _process(*command):
    # as the command: Keras is imported where it is needed
    environment = {**os.environ, "KERAS_SECN_LAZY": "1"}
    command = [sys.executable, *map(str, command)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise UserError(done.stderr.strip().splitlines()[-1])
    return done.stdout


def _run(*arguments):
    """Seconds and peak memory (MiB) of a process of `RUN`."""
    seconds, peak = map(float, _process("-c", RUN, *arguments).split())
    return seconds, peak


def _start(file, origin, photo, folder):
    """A 256 x 256 PNG, from the shell's prompt to the file on disk."""
    image = folder / "small.png"
    photo.resize((256, 256)).save(image)
    cli = ["-m", "keras_secn.cli", "upscale", image, "-o", folder / "out.png", "--overwrite"]
    keras = ["--model" if FLAGS.keras else "--preset", origin, "--engine", "keras"]
    runs = {
        "keras-secn, LiteRT": _timed(_process, *cli, "--model", file),
        "keras-secn, Keras": _timed(_process, *cli, *keras),
        "Pillow, bicubic": _timed(_process, "-c", BICUBIC, image, folder / "out.png"),
    }
    medians = _rounds(runs, "cold start")
    first = next(iter(medians.values()))
    rows = [[name, f"{value:.2f}", f"{value / first:.2f}"] for name, value in medians.items()]
    _print("Cold start, 256x256 PNG to 512x512", ["command", "wall (s)", "ratio"], rows)


def _photo(file, origin, photo, folder):
    """A photograph from the shell's prompt to the file on disk, and what each way scores."""
    from keras_secn.metrics.protocol import ValidationSet
    from keras_secn.upscaling.upscaler import Upscaler

    def bicubic(lr):
        size = 2 * lr.shape[1], 2 * lr.shape[0]
        return np.asarray(Image.fromarray(lr).resize(size, Image.Resampling.BICUBIC))

    image, out = folder / "photo.png", folder / "out.png"
    photo.resize((960, 540), Image.Resampling.BICUBIC).save(image)
    cli = ["-m", "keras_secn.cli", "upscale", image, "-o", out, "--overwrite"]
    runs = {
        "keras-secn --fast": _timed(_process, *cli, "--fast"),
        "keras-secn": _timed(_process, *cli),
        "keras-secn --best": _timed(_process, *cli, "--best"),
        "Pillow, bicubic": _timed(_process, "-c", BICUBIC, image, out),
    }
    medians = _rounds(runs, "photo")
    upscalers = Upscaler(fast=True), Upscaler(), Upscaler(best=True), bicubic
    sets = [ValidationSet(path, 2) for path in FLAGS.data_dir]
    rows = []
    for (name, value), upscale in zip(medians.items(), upscalers, strict=True):
        psnr = [f"{truths.evaluate(upscale).mean('psnr_y'):.2f}" for truths in sets]
        rows.append([name, f"{value:.2f}", f"{value / medians['keras-secn']:.2f}", *psnr])
    scored = [f"{pathlib.Path(path).name} (dB)" for path in FLAGS.data_dir]
    head = ["command", "wall (s)", "ratio", *scored]
    _print("960x540 PNG to 1920x1080, cold start included", head, rows)


def _sizes(file, origin, photo, folder):
    """Time per megapixel and peak memory by the size of the original."""
    measured = {}

    def run(size, engine, model):
        image = folder / f"{size}.png"
        seconds, peak = _run(model, engine, image, folder / "out.png", 2)
        width, height = parse_size(size, "WxH")
        measured[size, engine] = max(peak, measured.get((size, engine), 0))
        return seconds / (width * height) * 1e6

    runs = {}
    for size in FLAGS.sizes:
        photo.resize(parse_size(size, "WxH"), Image.Resampling.BICUBIC).save(
            folder / f"{size}.png", compress_level=1
        )
        for engine, model in (("litert", file), ("keras", origin)):
            runs[size, engine] = functools.partial(run, size, engine, model)
    medians = _rounds(runs, "sizes")
    rows = [
        [
            engine,
            size,
            f"{value:.2f}",
            f"{value / medians[FLAGS.sizes[0], engine]:.2f}",
            f"{measured[size, engine]:.0f}",
        ]
        for (size, engine), value in medians.items()
    ]
    head = ["engine", "original", "s per megapixel", f"ratio to {FLAGS.sizes[0]}", "peak (MiB)"]
    _print("Time and memory, PNG to PNG, in processes of their own", head, rows)


def _fourfold(file, origin, photo, folder):
    """A preset for x4 beside the one for x2 applied twice."""
    from keras_secn.presets.family import at_scale
    from keras_secn.presets.lite_files import preset_file

    fourfold = at_scale(FLAGS.preset, 4)
    models = {f"{FLAGS.preset} twice": preset_file(FLAGS.preset), fourfold: preset_file(fourfold)}
    rows = []
    for size in FLAGS.sizes:
        photo = photo.resize(parse_size(size, "WxH"), Image.Resampling.BICUBIC)
        photo.save(folder / "photo.png", compress_level=1)
        np.save(folder / "photo.npy", np.asarray(photo))
        pairs = {"pixels": ("photo.npy", "-"), "PNG to PNG": ("photo.png", folder / "out.png")}
        peaks = {}

        def run(name, kind, pairs=pairs, peaks=peaks):
            image, out = pairs[kind]
            seconds, peak = _run(models[name], "litert", folder / image, out, 4)
            peaks[name, kind] = max(peak, peaks.get((name, kind), 0))
            return seconds

        keys = [(name, kind) for kind in pairs for name in models]
        medians = _rounds({key: functools.partial(run, *key) for key in keys}, "fourfold")
        for name, kind in keys:
            twice = next(iter(models)), kind
            rows.append(
                [
                    size,
                    kind,
                    name,
                    f"{medians[name, kind]:.2f}",
                    f"{medians[name, kind] / medians[twice]:.3f}",
                    f"{peaks[name, kind]:.0f}",
                    f"{peaks[name, kind] / peaks[twice]:.2f}",
                ]
            )
    head = ["original", "from", "network", "seconds", "ratio", "peak (MiB)", "ratio"]
    _print("x4 beside x2 twice, LiteRT, in processes of their own", head, rows)


def _exact(file, origin, photo, folder):
    """Tiles beside the network on the whole image, in gray levels."""
    from keras_secn.metrics.protocol import image_upscaler
    from keras_secn.presets.load import load
    from keras_secn.upscaling.upscaler import Upscaler

    network = load(origin)
    image = np.asarray(photo.resize((500, 480), Image.Resampling.BICUBIC))
    expected = image_upscaler(network)(image).astype(int)
    rows = []
    for engine, model in (("litert", file), ("keras", network)):
        for tile in (128, 200, 512):
            error = np.abs(Upscaler(model, tile=tile)(image) - expected)
            rows.append([engine, str(tile), str(error.max()), f"{np.mean(error > 0):.1e}"])
    head = ["engine", "tile", "largest difference (levels)", "share of samples that differ"]
    _print("500x480 in tiles beside model.predict on the whole", head, rows)


def _speed(file, origin, photo, folder):
    """The same picture by several ways, in one process."""
    from keras_secn.data.imresize import imresize
    from keras_secn.presets.load import load
    from keras_secn.upscaling.upscaler import Upscaler

    network = load(origin)
    photo = photo.resize((512, 512), Image.Resampling.BICUBIC)
    image = np.asarray(photo)
    batch = image[None].astype(np.float32)
    bicubic = 2 * photo.width, 2 * photo.height
    runs = {
        "model.predict, whole": _timed(lambda: network.predict(batch, verbose=0)),
        "Upscaler, Keras": _timed(Upscaler(network), image),
        "Upscaler, LiteRT": _timed(Upscaler(file), image),
        "Upscaler, LiteRT, tile 256": _timed(Upscaler(file, tile=256), image),
        "imresize, bicubic": _timed(imresize, image, 2),
        "Pillow, bicubic": _timed(photo.resize, bicubic, Image.Resampling.BICUBIC),
    }
    for run in runs.values():
        run()  # traced, allocated
    medians = _rounds(runs, "speed")
    first = next(iter(medians.values()))
    rows = [[name, f"{1e3 * v:.1f}", f"{v / first:.4f}"] for name, v in medians.items()]
    _print("512x512 to 1024x1024", ["way", "ms", "ratio to model.predict"], rows)


def _sampling(file):
    """PSNR with gates of the whole image and with gates of a sample, on large photographs."""
    from keras_secn.data.images import find_images, read_image
    from keras_secn.data.imresize import imresize, modcrop
    from keras_secn.metrics.psnr_ssim import psnr_y
    from keras_secn.upscaling import enlarge, tiling
    from keras_secn.upscaling.upscaler import Upscaler

    upscaler = Upscaler(file)
    scale = upscaler.scale
    rows, limit = [], tiling.POOLED_WHOLE
    paths = find_images(FLAGS.photos)
    paths = paths[:: max(1, len(paths) // FLAGS.photo_limit)][: FLAGS.photo_limit]
    for path in tqdm(paths, desc="sampling", leave=False, disable=None):
        hr = modcrop(read_image(path), scale)
        lr = imresize(hr, scale=1 / scale)
        if lr.shape[0] * lr.shape[1] <= limit:
            continue
        scores = []
        for pooled_whole in (limit, lr.size):
            tiling.POOLED_WHOLE = enlarge.POOLED_WHOLE = pooled_whole
            scores.append(psnr_y(hr, upscaler(lr), scale))
        tiling.POOLED_WHOLE = enlarge.POOLED_WHOLE = limit
        sampled, exact = scores
        size = f"{lr.shape[1]}x{lr.shape[0]}"
        rows.append([path.name, size, f"{exact:.3f}", f"{sampled:.3f}", f"{sampled - exact:+.4f}"])
    if not rows:
        raise UserError(f"no photograph of more than {limit} LR pixels in {FLAGS.photos}")
    differences = [float(row[-1]) for row in rows]
    rows.append(["mean", "", "", "", f"{np.mean(differences):+.4f}"])
    _print(
        "Gates of a sample beside gates of the whole image, PSNR-Y (dB)",
        ["photograph", "LR size", "whole", "sample", "difference"],
        rows,
    )


if __name__ == "__main__":
    run_app(main)
