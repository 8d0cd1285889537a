"""The command `keras-secn`: upscale pictures, list presets, look into `.tflite` files, make them.

On LiteRT nothing here loads TensorFlow, Keras or matplotlib: a picture is there in a second.
"""

import argparse
import json
import pathlib
import signal
import sys
import warnings

from keras_secn.utils.errors import Stopped, UserError
from keras_secn.utils.quiet import silence_tensorflow

SCALES = (2, 3, 4, 8)


def main(argv=None):
    """Runs the command; returns its exit status: 0, 1 (something failed), 130 or 143 (stopped)."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _stop)
    warnings.showwarning = _notice
    silence_tensorflow()
    try:
        return arguments.run(arguments)
    except (UserError, OSError) as error:
        _complain(error)
        return 1
    except KeyboardInterrupt as stop:
        print("stopped", file=sys.stderr)
        return getattr(stop, "status", 130)


def _stop(number, frame):
    raise Stopped(number)


def _complain(error):
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)


def _notice(message, category, filename, lineno, file=None, line=None):
    if category is UserWarning:
        print(f"note: {message}", file=sys.stderr)


def _parser():
    parser = argparse.ArgumentParser(prog="keras-secn", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("upscale", help="enlarge pictures and videos")
    command.set_defaults(run=_upscale)
    command.add_argument("inputs", nargs="+", metavar="IN", help="files, folders or patterns")
    command.add_argument("-o", "--out", help="a file for one input, else a folder")
    command.add_argument("--scale", type=int, choices=SCALES, help="default: the network's own")
    command.add_argument("--preset", help="trained weights by name, see: keras-secn models")
    command.add_argument("--model", help="a .tflite or .keras file instead of a preset")
    command.add_argument("--engine", choices=("litert", "keras"), help="default: litert if it can")
    command.add_argument("--ensemble", action="store_true", help="8 views: better, 8 times as slow")
    command.add_argument("--tile", type=int, metavar="PIXELS", help="memory follows it (512)")
    command.add_argument("--threads", type=int, help="default: all processors")
    command.add_argument("--format", help="png, jpg, webp, tiff, ...: default as the original")
    command.add_argument("--quality", type=int, default=95, help="of JPEG, WebP and AVIF (95)")
    command.add_argument("--overwrite", action="store_true", help="do again what is there")
    command.add_argument("--compare", action="store_true", help="also NAME_compare.png with crops")
    command.add_argument("--max-pixels", type=int, help="refuse larger originals (89 million)")
    command.add_argument("--json", action="store_true", help="a JSON object per file on stdout")

    command = commands.add_parser("models", help="list the trained weights")
    command.set_defaults(run=_models)
    command.add_argument("--json", action="store_true")

    command = commands.add_parser("info", help="what a .tflite file says of itself")
    command.set_defaults(run=_info)
    command.add_argument("file")
    command.add_argument("--json", action="store_true")

    command = commands.add_parser("export", help="make the .tflite file that upscale starts with")
    command.set_defaults(run=_export)
    command.add_argument("model", help="a preset's name or a .keras file")
    command.add_argument("-o", "--out", help="default: the preset's place in the package")
    command.add_argument("--weights", choices=("float32", "float16"), default="float32")
    command.add_argument("--tile", type=int, help="tiles of this size only, for the web page")
    return parser


def _upscale(arguments):
    from tqdm import tqdm

    from keras_secn.upscaling import batch
    from keras_secn.upscaling.upscaler import Upscaler

    suffix = _suffix(arguments.format)
    if not 1 <= arguments.quality <= 100:
        raise UserError(f"quality must be within 1..100, not {arguments.quality}")
    if arguments.threads is not None and arguments.threads < 1:
        raise UserError("threads must be at least 1")
    if arguments.preset and arguments.model:
        raise UserError("give either --preset or --model")
    if arguments.max_pixels:
        from PIL import Image

        Image.MAX_IMAGE_PIXELS = arguments.max_pixels
    if arguments.engine != "keras":
        from keras_secn.lite.runtime import greet_unseen

        greet_unseen()
    upscaler = Upscaler(
        arguments.preset or arguments.model,
        engine=arguments.engine,
        scale=arguments.scale,
        ensemble=arguments.ensemble,
        tile=arguments.tile,
        threads=arguments.threads,
    )
    found, failed = batch.find_jobs(arguments.inputs, arguments.out, upscaler.scale)
    plan = batch.prepare(found, upscaler, suffix, arguments.overwrite)
    failures = 0
    total = sum(work for _, _, work in plan if not isinstance(work, Exception))
    # shown on terminals only; its unit are pixels, so that one ETA holds for files of all sizes
    bar = tqdm(total=total, unit="px", unit_scale=True, disable=None, dynamic_ncols=True)
    with bar:
        unusable = (
            {"input": str(path), "output": None, "status": "failed", "error": f"{path}: {reason}"}
            for path, reason in failed
        )
        done = batch.run(plan, upscaler, arguments.quality, bar.update)
        for result in _chain(unusable, done):
            failures += result["status"] == "failed"
            if result["status"] == "done" and arguments.compare:
                result |= _compare(result, arguments)
            with tqdm.external_write_mode(file=sys.stdout):
                _report(result, arguments.json)
    return 1 if failures else 0


def _chain(*parts):
    for part in parts:
        yield from part


def _suffix(name):
    from keras_secn.upscaling.io.write import FORMATS

    if name is None:
        return None
    suffix = f".{name.lower().lstrip('.')}"
    if suffix not in FORMATS:
        known = ", ".join(known[1:] for known in FORMATS)
        raise UserError(f"unknown format {name!r}; known are {known}")
    return suffix


def _compare(result, arguments):
    from keras_secn.upscaling.crop_sheet import write_comparison
    from keras_secn.upscaling.engines.choose import DEFAULT

    out = pathlib.Path(result["output"])
    picture = out.with_name(f"{out.stem}_compare.png")
    title = pathlib.Path(arguments.preset or arguments.model or DEFAULT).stem
    try:
        write_comparison(result["input"], out, picture, title)
    except UserError as error:
        _complain(error)
        return {"compare": None}
    return {"compare": str(picture)}


def _report(result, as_json):
    if as_json:
        print(json.dumps(result), flush=True)
    elif result["status"] == "failed":
        _complain(result["error"])
    elif result["status"] == "skipped":
        print(f"{result['output']} is there already", flush=True)
    else:
        print(f"{result['input']} -> {result['output']} ({result['seconds']:.1f} s)", flush=True)


def _models(arguments):
    from keras_secn import presets
    from keras_secn.lite.runtime import greet_unseen
    from keras_secn.upscaling.speed import seconds_per_megapixel

    greet_unseen()
    rows = []
    for name in presets.list_presets():
        card = presets.preset_card(name)
        rows.append(
            {
                "name": name,
                "scale": card["scale"],
                "parameters": card["parameters"],
                "bytes": (presets.FOLDER / f"{name}.npz").stat().st_size,
                "scores": card.get("scores", {}),
                "seconds_per_megapixel": seconds_per_megapixel(name),
            }
        )
    if arguments.json:
        print(json.dumps(rows))
        return 0
    if not rows:
        raise UserError(f"no presets in {presets.FOLDER}")
    print(f"{'name':<22}{'scale':>6}{'parameters':>12}{'KB':>7}{'s/MP':>7}  PSNR-Y")
    for row in rows:
        seconds = row["seconds_per_megapixel"]
        print(
            f"{row['name']:<22}{row['scale']:>6}{row['parameters']:>12,}{row['bytes'] // 1000:>7}"
            f"{'-' if seconds is None else f'{seconds:.1f}':>7}  {_scores(row['scores'])}"
        )
    print("s/MP: seconds per megapixel of the original on this machine, LiteRT")
    return 0


def _scores(scores):
    parts = []
    for folder, score in scores.items():
        value = score.get("psnr_y") if isinstance(score, dict) else score
        if isinstance(value, int | float):
            parts.append(f"{folder} {value:.2f}")
    return ", ".join(parts)


def _info(arguments):
    from keras_secn.lite.describe import describe

    facts = describe(arguments.file)
    if arguments.json:
        print(json.dumps(facts))
    else:
        for key, value in facts.items():
            print(f"{key + ':':<16}{value if isinstance(value, str) else json.dumps(value)}")
    return 0


def _export(arguments):
    from keras_secn.presets import lite_files
    from keras_secn.presets.load import load
    from keras_secn.upscaling.engines.export import export_tiles

    named = arguments.model.endswith(".keras")
    if named and not arguments.out:
        raise UserError("name the file to write: -o FILE.tflite")
    out = pathlib.Path(arguments.out or lite_files.preset_file(arguments.model))
    if out.suffix != ".tflite":
        raise UserError(f"{out}: the file's name ends in .tflite")
    facts = export_tiles(load(arguments.model), out, arguments.weights, arguments.tile)
    if not arguments.out:
        lite_files.record(arguments.model, out)
    print(
        f"{out}: {out.stat().st_size / 1000:.0f} KB; at most"
        f" {facts['check']['largest_difference']} grey levels from Keras;"
        f" tiles overlap by {facts['tiles']['radius']} pixels"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
