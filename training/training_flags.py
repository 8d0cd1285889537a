"""Command-line flags that every script that trains has, and what they describe."""

import pathlib
import sys

from absl import flags

from keras_secn.data.degradation import DEGRADATIONS
from keras_secn.utils.errors import UserError
from keras_secn.utils.json_file import read_object

FLAGS = flags.FLAGS
SAMPLES = pathlib.Path(__file__).resolve().parents[1] / "keras_secn" / "samples" / "validation"

# fields of a Recipe
RECIPE = ("learning_rate", "schedule", "warmup", "batch_size", "hr_patch", "clipnorm", "ema")
RECIPE += ("luminance_share", "seed", "interval", "patience")
DEVICES = ("precision", "strategy", "logical_devices")
GROUPS = {
    "Photographs": ("data_dir", "dataset", "val_dir", "cache_dir", "strict", "degradation"),
    "Results": ("output_dir",),
    "Recipe": ("scale", *RECIPE),
    "Devices": DEVICES,
}


def define(output_dir, leave_out=()):
    """Defines the flags: photographs, recipe and devices.

    Args:
        output_dir: the default of `--output_dir`.
        leave_out: names of flags that mean nothing to the script.
    """
    flags.DEFINE_multi_string(
        "data_dir",
        [],
        "Folder of training photographs, with all below it; repeatable. Required unless --dataset.",
    )
    flags.DEFINE_enum("dataset", None, ["div2k"], "Of tensorflow-datasets, in place of --data_dir.")
    flags.DEFINE_string("val_dir", None, "Folder of validation photographs; if none, the samples.")
    flags.DEFINE_string("output_dir", output_dir, "Where checkpoints, networks and reports go.")
    flags.DEFINE_string(
        "cache_dir", None, "Where decoded photographs are kept (~/.cache/keras-secn)."
    )
    flags.DEFINE_enum(
        "degradation",
        "none",
        list(DEGRADATIONS),
        "How LR patches come to be: none (bicubic), jpeg, or photo (kernels, noise, JPEG, WebP).",
    )
    flags.DEFINE_boolean("strict", False, "Fail on an unreadable or too small photograph.")

    flags.DEFINE_integer("scale", 2, "Enlargement: 2, 3 or 4.", lower_bound=2)
    flags.DEFINE_integer(
        "patience", 0, "Ends a stage after so many validations without a better PSNR."
    )
    flags.DEFINE_float("learning_rate", 1e-3, "Peak learning rate.")
    flags.DEFINE_string("schedule", "cosine", "cosine, halving or constant.")
    flags.DEFINE_integer("warmup", 300, "Steps of rising learning rate; not for halving.")
    flags.DEFINE_integer("batch_size", 16, "Patches per step, over all devices together.")
    flags.DEFINE_integer("hr_patch", 96, "Patch size in HR pixels; the paper's is 192.")
    flags.DEFINE_float("clipnorm", 0.0, "Bound on the gradient's global norm; 0 for none.")
    flags.DEFINE_float(
        "luminance_share", 0.0, "Of luminance in the loss, 0 (the paper: RGB) to 1; 0.9 for PSNR-Y."
    )
    flags.DEFINE_float("ema", 0.999, "Momentum of the weights' moving average; 0 for none.")
    flags.DEFINE_integer("seed", 0, "Of weights and patches.")
    flags.DEFINE_integer("interval", 500, "Steps between validations and checkpoints.")
    flags.DEFINE_string("precision", "auto", "auto (times both), float32 or mixed_bfloat16.")
    flags.DEFINE_string(
        "strategy", "single", "single, mirrored, multihost or auto; docs/scaling.md."
    )
    flags.DEFINE_integer("logical_devices", 0, "Splits the CPU into so many devices.")
    for name in leave_out:
        delattr(FLAGS, name)


def refuse(names, reason):
    """Refuses flags that were given and would do nothing.

    Raises:
        UserError: one of `names` was given; the message ends in `reason`.
    """
    for name in names:
        if name in FLAGS and FLAGS[name].present:
            raise UserError(f"--{name} {reason}")


def devices():
    """What `keras_secn.training.devices.pick_strategy` makes of the flags. Call it first."""
    from keras_secn.training.devices import pick_strategy

    # what is not there is said before anything is timed
    for folder in [*FLAGS.data_dir, *([FLAGS.val_dir] if FLAGS.val_dir else [])]:
        if not pathlib.Path(folder).exists():
            raise UserError(f"no such folder: {folder}")
    return pick_strategy(FLAGS.strategy, FLAGS.logical_devices)


def recipe(steps, **changes):
    """The `keras_secn.training.Recipe` that the flags describe; says its precision on stderr.

    Args:
        steps: optimizer steps.
        changes: fields in place of the flags'.
    """
    from keras_secn.training import multihost
    from keras_secn.training.recipe import Recipe

    values = {name: getattr(FLAGS, name) for name in RECIPE if name in FLAGS}
    values["degradation"] = DEGRADATIONS[FLAGS.degradation]
    if "precision" not in changes:
        changes["precision"] = _precision(FLAGS.output_dir, FLAGS.precision)
        if multihost.is_first():
            print(f"precision: {changes['precision']}", file=sys.stderr)
    return Recipe(steps, **{**values, **changes})


def _precision(folder, name):
    """The precision that a run was started with, or else the one that `pick_precision` picks."""
    from keras_secn.training.precision import PRECISIONS, pick_precision

    path = pathlib.Path(folder) / "settings.json"
    if name == "auto" and path.exists():
        settings = read_object(path)
        recipe = settings.get("last", settings.get("recipe"))
        if not isinstance(recipe, dict) or recipe.get("precision") not in PRECISIONS:
            raise UserError(f"{path} is damaged: it names no precision")
        return recipe["precision"]
    if name == "auto":
        print("timing float32 and bfloat16 on this machine", file=sys.stderr)
    precision, seconds = pick_precision(name)
    for candidate, time in seconds.items():
        print(f"{candidate}: {1000 * time:.0f} ms for a step of two blocks", file=sys.stderr)
    return precision


def photographs():
    """The `PhotoCache` of the training photographs."""
    from keras_secn.data.patches import open_photographs

    return open_photographs(
        FLAGS.data_dir,
        FLAGS.dataset,
        FLAGS.cache_dir,
        scale=FLAGS.scale,
        min_hr=FLAGS.hr_patch,
        strict=FLAGS.strict,
    )


def validation():
    """The `ValidationSet` of the flags; the sample photographs, said on stderr, if none is named.

    Their scores tell whether a training works, and are compared with nobody's.
    """
    from keras_secn.metrics import ValidationSet

    if not FLAGS.val_dir:
        print(f"no --val_dir: scores are of the samples in {SAMPLES}", file=sys.stderr)
    return ValidationSet(FLAGS.val_dir or SAMPLES, FLAGS.scale if "scale" in FLAGS else 2)


def run(trains, settings, strategy):
    """What `trains` returns for settings, on the photographs and devices of the flags."""
    return trains(
        settings,
        photographs(),
        FLAGS.output_dir,
        validate=validation().scores,
        strategy=strategy,
    )
