"""The command `keras-secn`: upscale pictures, list presets, look into `.tflite` files, make them.

On LiteRT nothing here loads TensorFlow, Keras or matplotlib: a picture is there in a second.
"""

import argparse
import json
import os
import pathlib
import sys
import warnings

import keras_secn
from keras_secn.utils.allocator import keep_freed_memory
from keras_secn.utils.backend import explained
from keras_secn.utils.errors import UserError, require_values
from keras_secn.utils.printable import one_line, printable
from keras_secn.utils.quiet import quiet_tensorflow
from keras_secn.utils.stopping import stop_on_signals

ABOUT = "Enlarges pictures and videos; lists the presets; describes and makes .tflite files."
FIRST = "First: keras-secn upscale photo.jpg. All options: keras-secn upscale --help."
EXAMPLES = """examples:
  keras-secn upscale photo.jpg                     makes photo_x2.jpg
  keras-secn upscale photo.jpg -o large.png        another name and format
  keras-secn upscale photo.jpg --scale 4           four times as large
  keras-secn upscale photo.jpg --width 3000        exactly 3000 pixels wide
  keras-secn upscale holiday --fast                a folder, quickly: makes holiday_x2
  keras-secn upscale "manga/*/001.png" -o large    a pattern: its folders are kept
  keras-secn upscale clip.mp4 --preset pocket_secn_s
"""
EXPORT = """A float file, for `upscale --model` and the page in the browser. Files for phones, int8
among them, are made by tflite/convert.py in a clone of the repository."""


def main(argv=None):
    """Runs the command; returns its exit status.

    0; 1 if something failed; 129, 130 or 143 if it was stopped by SIGHUP, Ctrl-C or SIGTERM.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # whoever started the command has closed it
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        if hasattr(getattr(sys, name), "reconfigure"):
            # a name may have letters that the output's encoding lacks
            getattr(sys, name).reconfigure(errors="backslashreplace")
    arguments = _parser().parse_args(argv)
    stop_on_signals()
    warnings.showwarning = _notice
    quiet_tensorflow()
    try:
        require_values(vars(arguments))
        return arguments.run(arguments)
    except BrokenPipeError:
        # who reads our output (head, less) has left; the rest goes nowhere, at exit as well
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (UserError, OSError) as error:
        _complain(one_line(error))
        return 1
    except (ImportError, ValueError) as error:
        reason = explained(error)
        if reason is error:
            raise
        _complain(one_line(reason))
        return 1
    except KeyboardInterrupt as stop:
        print("stopped", file=sys.stderr)
        return getattr(stop, "status", 130)


def _complain(text):
    print(f"error: {printable(text)}", file=sys.stderr)


def _notice(message, category, filename, lineno, file=None, line=None):
    if category is UserWarning:
        print(f"note: {printable(message)}", file=sys.stderr)


def _parser():
    parser = argparse.ArgumentParser(prog="keras-secn", description=ABOUT, epilog=FIRST)
    parser.add_argument("--version", action="version", version=f"%(prog)s {keras_secn.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    about = "Enlarges pictures and videos. What is there already stays as it is."
    command = commands.add_parser(
        "upscale", help="enlarge pictures and videos", **_about(about, EXAMPLES)
    )
    command.set_defaults(run=_upscale)
    command.add_argument("inputs", nargs="+", metavar="IN", help="files, folders or patterns")
    files = command.add_argument_group("results")
    files.add_argument("-o", "--out", help="a file for one input, else a folder")
    size = command.add_argument_group("size, one of").add_mutually_exclusive_group()
    size.add_argument("--scale", type=float, metavar="TIMES", help="2, 3, 4, 8, 1.5, ... (2)")
    size.add_argument("--width", type=int, metavar="PIXELS", help="of the result")
    size.add_argument("--height", type=int, metavar="PIXELS", help="of the result")
    size.add_argument("--megapixels", type=float, metavar="MP", help="of the result, about")
    files.add_argument("--format", help="png, jpg, webp, tiff, ...: default as the original")
    files.add_argument("--quality", type=int, default=95, help="of JPEG, WebP and AVIF (95)")
    files.add_argument("--overwrite", action="store_true", help="do again what is there")
    files.add_argument("--compare", action="store_true", help="also NAME_compare.png with crops")
    files.add_argument("--json", action="store_true", help="a JSON object per file on stdout")
    network = command.add_argument_group("network")
    network.add_argument("--fast", action="store_true", help="many times as fast, nearly as good")
    network.add_argument("--best", action="store_true", help="the largest network; slow")
    network.add_argument("--precision", choices=("float32", "int8"), help="of a preset on LiteRT")
    network.add_argument("--preset", help="trained weights by name, see: keras-secn models")
    network.add_argument("--model", help="a .tflite or .keras file instead of a preset")
    network.add_argument("--engine", choices=("litert", "keras"), help="default: litert if it can")
    network.add_argument("--ensemble", action="store_true", help="8 views: better, 8 times as slow")
    limits = command.add_argument_group("time and memory")
    limits.add_argument("--tile", type=int, metavar="PIXELS", help="memory follows it (512)")
    limits.add_argument("--threads", type=int, help="default: all processors")
    limits.add_argument("--max-pixels", type=int, help="refuse larger originals (89 million)")

    text = "list the trained weights, by what they are for"
    example = "example:\n  keras-secn models --time"
    command = commands.add_parser("models", help=text, **_about(None, example))
    command.set_defaults(run=_models)
    command.add_argument("--time", action="store_true", help="measure how fast they are here")
    command.add_argument("--json", action="store_true", help="as JSON")

    example = "example:\n  keras-secn info mine.tflite"
    command = commands.add_parser(
        "info", help="what a .tflite file says of itself", **_about(None, example)
    )
    command.set_defaults(run=_info)
    command.add_argument("file", help="of any network that this library exported")
    command.add_argument("--json", action="store_true", help="as JSON")

    text = "make the .tflite file that upscale starts with"
    example = "example:\n  keras-secn export runs/mine/model.keras -o mine.tflite"
    command = commands.add_parser("export", help=text, **_about(EXPORT, example))
    command.set_defaults(run=_export)
    command.add_argument("model", help="a preset's name or a .keras file")
    command.add_argument("-o", "--out", help="default of a preset: its place in the package")
    kinds = ("float32", "float16")
    command.add_argument("--weights", choices=kinds, default="float32", help="stored as (float32)")
    return parser


def _about(description, examples):
    form = argparse.RawDescriptionHelpFormatter
    return {"description": description, "epilog": examples, "formatter_class": form}


def _upscale(arguments):
    from tqdm import tqdm

    from keras_secn.upscaling import batch
    from keras_secn.upscaling.forecast import Forecast
    from keras_secn.utils.memory import available_bytes

    suffix = _suffix(arguments.format)
    _check(arguments)
    upscaler = _network(arguments)
    plan = batch.plan(
        arguments.inputs,
        arguments.out,
        upscaler.target.tag,
        suffix,
        arguments.overwrite,
        arguments.compare,
        # who names a limit knows what there is
        None if arguments.max_pixels else available_bytes(),
    )
    sheets = {str(job.path): job.sheet for job in plan.jobs}
    counts = {"done": 0, "skipped": 0, "failed": 0}
    # shown on terminals only; its unit are pixels, so that one ETA holds for files of all sizes
    work = plan.work(upscaler)
    with tqdm(total=work, unit="px", unit_scale=True, disable=None, dynamic_ncols=True) as bar:
        tick = Forecast(bar.update, work, _faster(arguments))
        for result in batch.run(plan, upscaler, arguments.quality, tick):
            counts[result["status"]] += 1
            if result["status"] == "done" and arguments.compare:
                sheet, title = sheets[result["input"]], upscaler.networks.label
                result |= _compare(result, sheet, title, arguments.overwrite)
            with tqdm.external_write_mode(file=sys.stdout):
                _report(result, arguments.json)
    if not arguments.json:
        _sum_up(counts, plan.inputs)
    return 1 if counts["failed"] else 0


def _faster(arguments):
    if arguments.ensemble:
        return "without --ensemble it takes an eighth of the time"
    if arguments.fast or arguments.model or (arguments.preset or "").startswith("pocket"):
        return None
    return "--fast, in place of --preset or --best, is many times as fast"


def _check(arguments):
    from keras_secn.upscaling.upscale_file import check_quality

    check_quality(arguments.quality)
    if arguments.max_pixels is not None and arguments.max_pixels < 1:
        raise UserError("max-pixels must be at least 1")
    if arguments.preset and arguments.model:
        raise UserError("give either --preset or --model")


def _network(arguments):
    from keras_secn.upscaling.upscaler import Upscaler

    if arguments.max_pixels:
        from PIL import Image

        Image.MAX_IMAGE_PIXELS = arguments.max_pixels
    if arguments.engine != "keras":
        from keras_secn.lite.runtime import greet_unseen

        greet_unseen()
    if arguments.engine == "keras" or (arguments.model or "").endswith(".keras"):
        keep_freed_memory(one_arena=True)
    # options that are called as the library calls them
    names = ("engine", "scale", "width", "height", "megapixels", "fast", "best")
    names += ("precision", "ensemble", "tile", "threads")
    options = {name: getattr(arguments, name) for name in names}
    return Upscaler(arguments.preset or arguments.model, **options)


def _suffix(name):
    from keras_secn.upscaling.io.write import FORMATS

    if name is None:
        return None
    suffix = f".{name.lower().lstrip('.')}"
    if suffix not in FORMATS:
        known = ", ".join(known[1:] for known in FORMATS)
        raise UserError(f"unknown format {name!r}; known are {known}")
    return suffix


def _compare(result, sheet, title, overwrite):
    from keras_secn.upscaling.crop_sheet import write_comparison
    from keras_secn.upscaling.io.probe import is_video

    try:
        if is_video(result["input"]):
            raise UserError(f"{result['input']}: --compare is for pictures")
        if os.path.lexists(sheet) and not overwrite:
            raise UserError(f"{sheet} is there already (--overwrite makes it again)")
        write_comparison(result["input"], result["output"], sheet, title)
    except Exception as error:  # the result itself is made
        _complain(one_line(error))
        return {"compare": None}
    return {"compare": str(sheet)}


def _report(result, as_json):
    if as_json:
        print(json.dumps(result), flush=True)
    elif result["status"] == "failed":
        _complain(result["error"])
    elif result["status"] == "skipped":
        print(f"{printable(result['output'])} is there already", flush=True)
    else:
        made = [printable(result[key]) for key in ("output", "compare") if result.get(key)]
        seconds = f"{result['seconds']:.1f} s"
        print(f"{printable(result['input'])} -> {', '.join(made)} ({seconds})", flush=True)


def _sum_up(counts, inputs):
    if inputs.folders:
        left_out = ", ".join(
            f"{count} {printable(suffix)}" for suffix, count in inputs.left_out.most_common()
        )
        print(
            f"{counts['done']} made, {counts['skipped']} already there,"
            f" {inputs.left_out.total()} left out{f' ({left_out})' if left_out else ''},"
            f" {counts['failed']} failed"
        )
    if counts["skipped"]:
        print("note: --overwrite makes again what is there already", file=sys.stderr)


def _models(arguments):
    from keras_secn.upscaling import catalog

    if arguments.time:
        from keras_secn.lite.runtime import greet_unseen  # it loads LiteRT

        greet_unseen()
    rows = catalog.rows(arguments.time)
    if arguments.json:
        print(json.dumps(rows))
        return 0
    if not rows:
        raise UserError(f"no presets in {keras_secn.presets.store.FOLDER}")
    print(catalog.table(rows, arguments.time))
    return 0


def _info(arguments):
    from keras_secn.lite.describe import describe

    facts = describe(arguments.file)
    if arguments.json:
        print(json.dumps(facts))
    else:
        for key, value in facts.items():
            shown = printable(value if isinstance(value, str) else json.dumps(value))
            print(f"{printable(key) + ':':<16}{shown}")
    return 0


def _export(arguments):
    from keras_secn.presets import lite_files
    from keras_secn.presets.load import is_file, load

    if arguments.model.endswith(".keras") and not arguments.out:
        raise UserError("name the file to write: -o FILE.tflite")
    if not is_file(arguments.model):
        keras_secn.preset_card(arguments.model)  # says what is wrong before Keras loads
    out = pathlib.Path(arguments.out or lite_files.preset_file(arguments.model))
    if out.suffix != ".tflite":
        raise UserError(f"{out}: the file's name ends in .tflite")
    from keras_secn.upscaling.engines.export import export_tiles  # it loads Keras

    facts = export_tiles(load(arguments.model), out, arguments.weights)
    if not arguments.out:
        lite_files.record(arguments.model, out)
    print(
        f"{printable(out)}: {out.stat().st_size / 1000:.0f} KB; at most"
        f" {facts['check']['largest_difference']} gray levels from Keras;"
        f" tiles overlap by {facts['tiles']['radius']} pixels"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
