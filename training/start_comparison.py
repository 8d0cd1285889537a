"""How replacing blocks should start: random, svd and lstsq from one network at equal steps."""

import dataclasses
import functools

from keras_secn.cascade.plan import CascadePlan
from keras_secn.cascade.run import CascadeSettings, calibration
from keras_secn.cascade.transfer import INITIALISERS, transfer_weights
from keras_secn.metrics.report import network_row
from keras_secn.presets.load import load
from keras_secn.training.progress import RunBar
from keras_secn.training.run_folder import run_folder
from keras_secn.training.trainer import train
from keras_secn.utils.atomic_file import atomic_path


@dataclasses.dataclass(frozen=True)
class StartSettings:
    """What a comparison is asked to do.

    Args:
        initial: the trained network: a `.keras` file or the name of a preset.
        plan: a `CascadePlan`; all of its replacements are made in one stage.
        recipe: the `keras_secn.training.Recipe` after the replacement.
        scale, filters: of the network.
    """

    initial: str
    plan: CascadePlan
    recipe: object
    scale: int = 2
    filters: int = 64


def compare_starts(settings, cache, folder, *, validate, strategy=None):
    """Trains (or resumes) one network per initialiser in `folder` and writes `starts.md`.

    Args:
        settings: `StartSettings`; a folder that was started with others is refused.
        cache: the `PhotoCache` to train on.
        folder: each network lives in a folder of its initialiser's name.
        validate: function of a model that returns `val_psnr` and `val_ssim`.
        strategy: see `keras_secn.training.devices`.

    Returns:
        Rows as `report.network_row` makes them, with `psnr_before`, the PSNR before the
        first step.

    Raises:
        UserError: see `run_folder` and `keras_secn.cascade.transfer_weights`.
    """
    recipe, count = settings.recipe, settings.plan.replace
    cascade = CascadeSettings(
        settings.plan, recipe, recipe, recipe, scale=settings.scale, filters=settings.filters
    )
    rows = []
    with (
        run_folder(folder, settings) as folder,
        RunBar(recipe.total_steps * len(INITIALISERS)) as bar,
    ):
        source = load(settings.initial)
        for initialiser in INITIALISERS:
            patches = calibration(initialiser, cache, recipe)
            untrained = cascade.build(count, initialiser, fresh=False)
            transfer_weights(source, untrained, initialiser, patches)
            before = validate(untrained)["val_psnr"]
            model = train(
                lambda name=initialiser: cascade.build(count, name, fresh=False),
                recipe,
                cache,
                folder / initialiser,
                start=functools.partial(
                    transfer_weights, source, initialiser=initialiser, calibration=patches
                ),
                validate=validate,
                strategy=strategy,
                bar=bar,
            )
            row = network_row(initialiser, model, recipe.total_steps, validate)
            rows.append({**row, "psnr_before": before})
        with atomic_path(folder / "starts.md") as path:
            path.write_text(to_markdown(rows))
    return rows


def to_markdown(rows):
    """The comparison as a table, a row per initialiser."""
    lines = [
        "| start of the new blocks | PSNR-Y before the first step (dB) | steps | PSNR-Y (dB) |",
        "|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['name']} | {row['psnr_before']:.2f} | {row['steps']:,} "
            f"| {row['val_psnr']:.2f} |"
        )
    return "\n".join(lines) + "\n"
