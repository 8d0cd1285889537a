"""Frames a second of enlarging a video, decoding and encoding included, beside ffmpeg's scalers.

    python benchmarks/video.py
    python benchmarks/video.py --networks ct_secn_16,secn --sizes 640x360 --suffix .webm

A photograph moves through the frame. All programs write with the same encoder and settings. Every
figure is the median over rounds in turns. With `--parts`, lines follow for each part of the work
alone, which tell what the whole waits for.
"""

import functools
import pathlib
import subprocess
import tempfile
import time

import numpy as np
from absl import flags
from tqdm import tqdm

from keras_secn.training.app import run_app
from keras_secn.upscaling.io.containers import CONTAINERS
from keras_secn.utils.errors import UserError
from keras_secn.utils.sizes import parse_size

FLAGS = flags.FLAGS
flags.DEFINE_list(
    "networks",
    ["fast", "pocket_secn_s:int8"],
    "What --fast takes, presets' names with or without a precision, .tflite or .keras files.",
)
flags.DEFINE_list("sizes", ["640x360", "960x540"], "WxH of the originals.")
flags.DEFINE_integer("frames", 50, "How many of them.", lower_bound=2)
flags.DEFINE_integer("rounds", 3, "Rounds of each measurement.", lower_bound=1)
flags.DEFINE_integer("threads", None, "Of the network; all processors if not given.")
flags.DEFINE_enum("suffix", ".mp4", list(CONTAINERS), "Kind of file that is written.")
flags.DEFINE_bool("parts", False, "Time decoder, network and encoder alone as well.")
flags.DEFINE_string("photo", None, "A photograph to make the video of; default: a sample.")

PHOTO = pathlib.Path(__file__).parents[1] / "keras_secn" / "samples" / "validation"


def main(argv):
    sizes = {size: parse_size(size, "WxH") for size in FLAGS.sizes}
    upscalers = {name: _upscaler(name) for name in FLAGS.networks}
    print("| original | program | frames/s | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for size, shape in sizes.items():
            runs = _runs(upscalers, *shape, pathlib.Path(folder))
            seconds = {name: [] for name in runs}
            for _ in tqdm(range(FLAGS.rounds), desc=size, leave=False, disable=None):
                for name, run in runs.items():
                    started = time.perf_counter()
                    run()
                    seconds[name].append(time.perf_counter() - started)
            rates = {name: FLAGS.frames / float(np.median(each)) for name, each in seconds.items()}
            first = next(iter(rates.values()))
            for name, rate in rates.items():
                print(f"| {size} | {name} | {rate:.1f} | {rate / first:.2f} |", flush=True)


def _upscaler(name):
    from keras_secn.upscaling import Upscaler

    if name == "fast":
        return Upscaler(fast=True, threads=FLAGS.threads)
    name, _, precision = name.partition(":")
    return Upscaler(name, threads=FLAGS.threads, precision=precision or None)


def _runs(upscalers, width, height, folder):
    """Name -> function, for one size; the first is what the ratios refer to."""
    from keras_secn.upscaling.io.video import upscale_video

    clip, out = folder / f"{width}x{height}.mp4", folder / f"out{FLAGS.suffix}"
    photo = FLAGS.photo or min(PHOTO.glob("*.jpg"), default=None)
    if photo is None:
        raise UserError(f"no photograph in {PHOTO}: name one with --photo")
    large = f"scale={2 * width}:{2 * height}:force_original_aspect_ratio=increase"
    moving = f"{large},crop={width}:{height}:n:n/2"
    loop = ["-loop", "1", "-framerate", "25", "-i", photo, "-vf", moving]
    _ffmpeg(*loop, "-frames:v", FLAGS.frames, "-pix_fmt", "yuv420p", "-crf", "20", clip)
    target = next(iter(upscalers.values())).target
    grown = ":".join(map(str, reversed(target.size(height, width))))
    encoder = [*CONTAINERS[FLAGS.suffix].video, "-pix_fmt", "yuv420p"]
    scaled = {
        way: ["-i", clip, "-vf", f"scale={grown}:flags={way}"] for way in ("lanczos", "bicubic")
    }
    runs = {
        f"keras-secn, {name}": functools.partial(upscale_video, upscaler, clip, out)
        for name, upscaler in upscalers.items()
    }
    runs |= {
        f"ffmpeg, {way}": functools.partial(_ffmpeg, *arguments, "-c:v", *encoder, out)
        for way, arguments in scaled.items()
    }
    if FLAGS.parts:
        raw = ["-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
        frame = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)

        def network(upscaler):
            for _ in range(FLAGS.frames):
                for _ in upscaler.bands(frame):
                    pass

        frames = folder / f"{width}x{height}.yuv"
        _ffmpeg(*scaled["lanczos"], "-pix_fmt", "yuv420p", "-f", "rawvideo", frames)
        source = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", grown.replace(":", "x")]
        runs |= {
            "decoder alone": functools.partial(_ffmpeg, "-i", clip, *raw),
            **{f"{name} alone": functools.partial(network, u) for name, u in upscalers.items()},
            "encoder alone": functools.partial(
                _ffmpeg, *source, "-i", frames, "-c:v", *encoder, out
            ),
        }
    return runs


def _ffmpeg(*arguments):
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise UserError(done.stderr.strip().splitlines()[-1])


if __name__ == "__main__":
    run_app(main)
