"""Which block is worth its cost: the same skeleton with each kind of block, at equal steps."""

import dataclasses
import functools

from table1 import measured_seconds

from keras_secn.cascade.transfer import transfer_weights
from keras_secn.layers import BLOCKS
from keras_secn.metrics.protocol import image_upscaler
from keras_secn.metrics.report import network_row
from keras_secn.models.bicubic_start import start_as_interpolation
from keras_secn.models.edsr_trunk import build_network
from keras_secn.presets.load import load
from keras_secn.training.progress import RunBar
from keras_secn.training.run_folder import run_folder
from keras_secn.training.trainer import train
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError

# what the kinds are called where they come from
ORIGINS = {
    "residual": "EDSR",
    "se": "SENet (SECN)",
    "separable": "CT-SECN",
    "mobilenet": "MobileNetV1",
    "xception": "Xception",
    "inverted": "MobileNetV2",
    "fire": "SqueezeNet",
}


@dataclasses.dataclass(frozen=True)
class ComparisonSettings:
    """What a comparison is asked to do.

    Args:
        kinds: keys of `keras_secn.layers.BLOCKS`.
        recipe: the `keras_secn.training.Recipe` of every network.
        blocks, filters, scale: of every network.
        initial: a trained network (`.keras` file or preset) whose blocks are all replaced, as in a
            cascade of one stage; without it every network starts from interpolation.

    Raises:
        UserError: an unknown kind, or none.
    """

    kinds: tuple
    recipe: object
    blocks: int = 16
    filters: int = 64
    scale: int = 2
    initial: str | None = None

    def __post_init__(self):
        unknown = sorted(set(self.kinds) - set(BLOCKS))
        if unknown or not self.kinds:
            raise UserError(f"unknown block kinds {unknown}; known are {', '.join(BLOCKS)}")

    def build(self, kind):
        model = build_network([kind] * self.blocks, self.scale, self.filters, name=kind)
        return model if self.initial else start_as_interpolation(model)


def compare_blocks(settings, cache, folder, *, validate, strategy=None):
    """Trains (or resumes) one network per kind in `folder` and writes `blocks.md`.

    Args:
        settings: `ComparisonSettings`; a folder that was started with others is refused.
        cache: the `PhotoCache` to train on.
        folder: each network lives in a folder of its kind's name.
        validate: function of a model that returns `val_psnr` and `val_ssim`.
        strategy: see `keras_secn.training.devices`.

    Returns:
        Rows as `report.network_row` makes them, with `origin` and `seconds` for a
        picture of 128x128 LR pixels.

    Raises:
        UserError: see `run_folder` and `keras_secn.cascade.transfer_weights`.
    """
    steps = settings.recipe.total_steps
    with run_folder(folder, settings) as folder, RunBar(steps * len(settings.kinds)) as bar:
        source = load(settings.initial) if settings.initial else None
        models = {
            kind: train(
                functools.partial(settings.build, kind),
                settings.recipe,
                cache,
                folder / kind,
                start=functools.partial(transfer_weights, source) if source else None,
                validate=validate,
                strategy=strategy,
                bar=bar,
            )
            for kind in settings.kinds
        }
        seconds = measured_seconds({kind: image_upscaler(m) for kind, m in models.items()})
        rows = [
            {
                **network_row(kind, model, steps, validate),
                "origin": ORIGINS.get(kind, kind),
                "seconds": seconds[kind],
            }
            for kind, model in models.items()
        ]
        with atomic_path(folder / "blocks.md") as path:
            path.write_text(to_markdown(rows))
    return rows


def to_markdown(rows):
    """The comparison as a table, a row per kind of block."""
    lines = [
        "| block | from | parameters | multiply-adds / LR pixel | seconds, 128x128 | ratio "
        "| PSNR-Y (dB) | SSIM-Y |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['name']} | {row['origin']} | {row['parameters']:,} "
            f"| {row['multiply_adds'] / 1e6:.3f} M | {row['seconds']:.3f} "
            f"| {row['seconds'] / rows[0]['seconds']:.2f} "
            f"| {row['val_psnr']:.2f} | {row['val_ssim']:.4f} |"
        )
    return "\n".join(lines) + "\n"
