"""Compares how replacing blocks start, random, svd or lstsq, from one trained SECN at equal steps.

    python training/compare_starts.py --initial runs/main/secn/model.keras \\
      --data_dir PHOTOS --val_dir SET5 --output_dir runs/starts
"""

import dataclasses
import functools

import training_flags
from absl import flags

from keras_secn.training.app import run_app
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.markdown import markdown_table

FLAGS = flags.FLAGS
COLUMNS = {
    "start of the new blocks": "{name}",
    "PSNR-Y before the first step (dB)": "{psnr_before:.2f}",
    "steps": "{steps:,}",
    "PSNR-Y (dB)": "{val_psnr:.2f}",
}


@dataclasses.dataclass(frozen=True)
class StartSettings:
    """What a comparison is asked to do; all of the plan's replacements are made in one stage."""

    initial: str
    plan: object
    recipe: object
    scale: int = 2
    filters: int = 64


def compare_starts(settings, cache, folder, *, validate, strategy=None):
    """Trains or resumes one network per initializer in a folder of its name; writes `starts.md`.

    Returns rows as `keras_secn.metrics.report.network_row` makes them, with `psnr_before`, the PSNR
    before the first step. The arguments are those of `keras_secn.training.train`.

    Raises:
        UserError: see `run_folder` and `keras_secn.cascade.transfer_weights`.
    """
    # Keras takes seconds, for which --help does not wait
    from keras_secn.cascade.run import calibration
    from keras_secn.cascade.transfer import INITIALIZERS, transfer_weights
    from keras_secn.metrics.report import network_row
    from keras_secn.models.edsr_trunk import build_network
    from keras_secn.presets.load import load
    from keras_secn.training.progress import RunBar
    from keras_secn.training.run_folder import run_folder
    from keras_secn.training.trainer import train

    recipe, kinds, rows = settings.recipe, settings.plan.kinds(settings.plan.replace), []
    bar = RunBar(recipe.total_steps * len(INITIALIZERS))
    with run_folder(folder, settings) as folder, bar:
        source = load(settings.initial)
        for name in INITIALIZERS:
            patches = calibration(name, cache, recipe)
            start = functools.partial(
                transfer_weights, source, initializer=name, calibration=patches
            )
            build = functools.partial(
                build_network, kinds, settings.scale, settings.filters, name=name
            )
            untrained = build()
            start(untrained)
            before = validate(untrained)["val_psnr"]
            model = train(
                build,
                recipe,
                cache,
                folder / name,
                start=start,
                validate=validate,
                strategy=strategy,
                bar=bar,
            )
            row = network_row(name, model, recipe.total_steps, validate)
            rows.append({**row, "psnr_before": before})
        with atomic_path(folder / "starts.md") as path:
            path.write_text(markdown_table(COLUMNS, rows))
    return rows


def define_flags():
    training_flags.define(output_dir="runs/starts")
    flags.DEFINE_string(
        "initial", None, "A trained SECN: a .keras file or a preset's name.", required=True
    )
    flags.DEFINE_integer("blocks", 16, "Residual blocks.")
    flags.DEFINE_integer("filters", 64, "Channels of every feature map.")
    flags.DEFINE_integer("n", 16, "How many blocks are replaced at once.")
    flags.DEFINE_integer("steps", 300, "Optimizer steps after the replacement.")


def main(argv):
    from keras_secn.cascade.plan import CascadePlan

    strategy = training_flags.devices()
    settings = StartSettings(
        FLAGS.initial,
        CascadePlan(FLAGS.blocks, FLAGS.n, max(1, FLAGS.n)),
        training_flags.recipe(FLAGS.steps),
        FLAGS.scale,
        FLAGS.filters,
    )
    rows = training_flags.run(compare_starts, settings, strategy)
    print(markdown_table(COLUMNS, rows))
    print(f"written to {FLAGS.output_dir}: starts.md and a network per start")


if __name__ == "__main__":
    define_flags()
    run_app(main, groups=training_flags.GROUPS)
