"""A network for phones, trained wide, taught by a large one if there is one, and folded."""

import dataclasses
import functools

from keras_secn.metrics.report import network_row, plot_history, read_history, write_table
from keras_secn.models.mobile import build_edsr_mobile, build_pocket_secn
from keras_secn.rewrite.fold_collapsible import fold
from keras_secn.training import multihost
from keras_secn.training.progress import RunBar
from keras_secn.training.run_folder import load_initial, load_teacher, run_folder
from keras_secn.training.trainer import train
from keras_secn.training.wide_start import widen
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.local_scope import local_scope


@dataclasses.dataclass(frozen=True)
class PocketSettings:
    """What a training for phones is asked to do.

    Args:
        size: "s", "m" or "l" of `build_pocket_secn`; "edsr" for EDSR F32 B5, what they answer to.
        recipe: a `keras_secn.training.Recipe`.
        scale: enlargement.
        teacher: a network of the same scale to learn from: a `.keras` file or a preset's name.
        teacher_share: of the teacher's picture in what is learned, 0 to 1.
        initial: a trained network of the same size to go on from, folded or not: a `.keras` file
            or a preset's name.
    """

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
            return {"factory": build_edsr_mobile.__name__, "arguments": {"scale": self.scale}}
        arguments = {"size": self.size, "scale": self.scale, "collapsible": False}
        return {"factory": build_pocket_secn.__name__, "arguments": arguments}

    def build(self):
        """The network as it is trained."""
        if self.size == "edsr":
            return build_edsr_mobile(self.scale)
        return build_pocket_secn(self.size, self.scale)


def run_pocket(settings, cache, folder, *, validate, strategy=None):
    """Trains or resumes a network for phones in `folder`.

    Args:
        settings: `PocketSettings`; a folder that was started with others is refused.
        cache: the `PhotoCache` to train on.
        folder: gets NAME/, see `keras_secn.training.train`, NAME_folded/model.keras, table.md,
            table.json and history.png.
        validate: function of a model that returns `val_psnr` and `val_ssim`.
        strategy: see `keras_secn.training.devices`.

    Returns:
        The folded network, and its row for `keras_secn.metrics.report.table`.

    Raises:
        UserError: the teacher has another scale, the initial network is another one, another run
            holds the folder, or it was started with other settings.
    """
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
            history = read_history(folder / name)
            if history:
                plot_history([(name, history)], folder / "history.png")
    return folded, row
