"""Compares kinds of blocks in SECN's skeleton at equal steps: cost, time and PSNR.

    python training/compare_blocks.py --data_dir PHOTOS --val_dir SET5 --output_dir runs/blocks

With --initial a trained SECN's blocks are all replaced by each kind in turn, as the cascade does.
"""

import dataclasses
import functools

import training_flags
from absl import flags

from keras_secn.training.app import run_app
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table

FLAGS = flags.FLAGS

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
COLUMNS = {
    "block": "{name}",
    "from": "{origin}",
    "parameters": "{parameters:,}",
    "multiply-adds / LR pixel": "{millions:.3f} M",
    "seconds, 128x128": "{seconds:.3f}",
    "ratio": "{ratio:.2f}",
    "PSNR-Y (dB)": "{val_psnr:.2f}",
    "SSIM-Y": "{val_ssim:.4f}",
}


@dataclasses.dataclass(frozen=True)
class ComparisonSettings:
    """What a comparison is asked to do, as the flags below tell it.

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
        from keras_secn.layers import BLOCKS

        unknown = sorted(set(self.kinds) - set(BLOCKS))
        if unknown or not self.kinds:
            raise UserError(f"unknown block kinds {unknown}; known are {', '.join(BLOCKS)}")

    def build(self, kind):
        from keras_secn.models.bicubic_start import start_as_interpolation
        from keras_secn.models.edsr_trunk import build_network

        model = build_network([kind] * self.blocks, self.scale, self.filters, name=kind)
        return model if self.initial else start_as_interpolation(model)


def compare_blocks(settings, cache, folder, *, validate, strategy=None):
    """Trains or resumes one network per kind in a folder of its name, and writes `blocks.md`.

    Returns rows as `keras_secn.metrics.report.network_row` makes them, with `origin`, `seconds` for
    a picture of 128x128 LR pixels and their `ratio` to the first kind's. The arguments are those of
    `keras_secn.training.train`.

    Raises:
        UserError: see `run_folder` and `keras_secn.cascade.transfer_weights`.
    """
    # Keras takes seconds, for which --help does not wait
    from keras_secn.cascade.transfer import transfer_weights
    from keras_secn.metrics.protocol import image_upscaler
    from keras_secn.metrics.report import network_row
    from keras_secn.metrics.timing import measured_seconds
    from keras_secn.presets.load import load
    from keras_secn.training.progress import RunBar
    from keras_secn.training.run_folder import run_folder
    from keras_secn.training.trainer import train

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
        rows = []
        for kind, model in models.items():
            row = network_row(kind, model, steps, validate)
            row |= {"origin": ORIGINS.get(kind, kind), "seconds": seconds[kind]}
            row["ratio"] = seconds[kind] / seconds[settings.kinds[0]]
            rows.append({**row, "millions": row["multiply_adds"] / 1e6})
        with atomic_path(folder / "blocks.md") as path:
            path.write_text(markdown_table(COLUMNS, rows))
    return rows


def define_flags():
    training_flags.define(output_dir="runs/blocks")
    flags.DEFINE_list("kinds", list(ORIGINS), "Of blocks; times are compared with the first.")
    flags.DEFINE_integer("blocks", 16, "Residual blocks.")
    flags.DEFINE_integer("filters", 64, "Channels of every feature map.")
    flags.DEFINE_integer("steps", 2000, "Optimizer steps of each network.")
    flags.DEFINE_string(
        "initial", None, "A trained network whose blocks are replaced: a .keras file or a preset."
    )


def main(argv):
    strategy = training_flags.devices()
    settings = ComparisonSettings(
        tuple(FLAGS.kinds),
        training_flags.recipe(FLAGS.steps),
        FLAGS.blocks,
        FLAGS.filters,
        FLAGS.scale,
        FLAGS.initial,
    )
    rows = training_flags.run(compare_blocks, settings, strategy)
    print(markdown_table(COLUMNS, rows))
    print(f"written to {FLAGS.output_dir}: blocks.md and a network per kind")


if __name__ == "__main__":
    define_flags()
    run_app(main, groups=training_flags.GROUPS)
