"""Trains a network for phones, taught by a large one if there is one, and folds it.

    python training/pocket.py --size m --teacher secn --data_dir PHOTOS --val_dir SET5

`--size edsr` trains EDSR F32 B5, which the family answers to. The same command resumes where it was
interrupted. The folded network is OUTPUT_DIR/NAME_folded/model.keras, for tflite/convert.py.
"""

import dataclasses
import functools

import training_flags
from absl import flags

from keras_secn.training.app import run_app

FLAGS = flags.FLAGS


@dataclasses.dataclass(frozen=True)
class PocketSettings:
    """What a training for phones is asked to do, as the flags below tell it."""

    size: str
    recipe: object
    scale: int = 2
    teacher: str | None = None
    teacher_share: float = 0.5
    initial: str | None = None

    @property
    def folded(self):
        """What builds the folded network, as a preset's card says it: factory and arguments."""
        if self.size == "edsr":
            return {"factory": "build_edsr_mobile", "arguments": {"scale": self.scale}}
        arguments = {"size": self.size, "scale": self.scale, "collapsible": False}
        return {"factory": "build_pocket_secn", "arguments": arguments}

    def build(self):
        """The network as it is trained."""
        from keras_secn.models.mobile import build_edsr_mobile, build_pocket_secn

        if self.size == "edsr":
            return build_edsr_mobile(self.scale)
        return build_pocket_secn(self.size, self.scale)


def run_pocket(settings, cache, folder, *, validate, strategy=None):
    """Trains or resumes a network for phones; returns it folded, and its row of the table.

    `folder` gets NAME/, see `keras_secn.training.train`, NAME_folded/model.keras, table.md,
    table.json and history.png. The other arguments are those of `train`.

    Raises:
        UserError: the teacher has another scale, the initial network is another one, or see
            `run_folder`.
    """
    # Keras takes seconds, for which --help does not wait
    from wide_start import widen

    from keras_secn.metrics.report import network_row, write_table
    from keras_secn.rewrite.fold_collapsible import fold
    from keras_secn.training import multihost
    from keras_secn.training.progress import RunBar
    from keras_secn.training.run_folder import load_initial, load_teacher, run_folder
    from keras_secn.training.trainer import train
    from keras_secn.utils.atomic_file import atomic_path
    from keras_secn.utils.local_scope import local_scope

    with local_scope():
        name = settings.build().name
    with run_folder(folder, settings) as folder:
        start = None
        if settings.initial:
            start = functools.partial(widen, load_initial(settings.initial, folder))
        with RunBar(settings.recipe.total_steps) as bar:
            model = train(
                settings.build,
                settings.recipe,
                cache,
                folder / name,
                start=start,
                teacher=load_teacher(settings.teacher, settings.scale),
                teacher_share=settings.teacher_share,
                validate=validate,
                strategy=strategy,
                bar=bar,
            )
        with local_scope():
            folded = fold(model)
        row = network_row(name, folded, settings.recipe.total_steps, validate)
        if multihost.is_first():
            with atomic_path(folder / f"{name}_folded" / "model.keras") as path:
                folded.save(path)
            write_table([row], folder, {**dataclasses.asdict(settings), **settings.folded})
    return folded, row


def define_flags():
    training_flags.define(output_dir="runs/pocket")
    flags.DEFINE_enum("size", "m", ["s", "m", "l", "edsr"], "Of the family, or EDSR F32 B5.")
    flags.DEFINE_string("teacher", None, "A .keras file or preset of the same scale.")
    flags.DEFINE_float("teacher_share", 0.5, "Of the teacher's picture in what is learned.")
    flags.DEFINE_string("initial", None, "Goes on from a .keras file or preset of the same size.")
    flags.DEFINE_integer("steps", 8000, "Optimizer steps.")


def main(argv):
    if not FLAGS.teacher:
        training_flags.refuse(["teacher_share"], "needs a --teacher")
    strategy = training_flags.devices()
    settings = PocketSettings(
        FLAGS.size,
        training_flags.recipe(FLAGS.steps),
        FLAGS.scale,
        FLAGS.teacher,
        FLAGS.teacher_share,
        FLAGS.initial,
    )
    folded, row = training_flags.run(run_pocket, settings, strategy)
    print(f"{row['name']}: {folded.count_params()} parameters folded, {row['val_psnr']:.2f} dB")


if __name__ == "__main__":
    define_flags()
    run_app(main, groups=training_flags.GROUPS)
