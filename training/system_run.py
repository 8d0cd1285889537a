"""Trains a network of the registry from photographs, in stages where its paper does."""

import dataclasses
import functools
import inspect

from aplus_fit import fit
from ct_srcnn_widths import WidthPlan, transfer_widths

from keras_secn.cascade.transfer import transfer_weights
from keras_secn.metrics.report import network_row, write_table
from keras_secn.models import registry
from keras_secn.models.bicubic_start import (
    STARTS,
    can_start_as_interpolation,
    start_as_interpolation,
)
from keras_secn.models.edsr_trunk import block_kinds
from keras_secn.training import multihost
from keras_secn.training.distillation import require_teacher_share
from keras_secn.training.progress import RunBar
from keras_secn.training.run_folder import load_initial, load_teacher, run_folder
from keras_secn.training.trainer import continue_from, load_checked, train
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError, require_known


@dataclasses.dataclass(frozen=True)
class SystemSettings:
    """Settings of a training.

    Args:
        model: a name of `keras_secn.models.registry.SYSTEMS`.
        recipe: a `keras_secn.training.Recipe`; of all steps together, where there are stages.
        scale: enlargement.
        arguments: of the factory, in place of the system's own.
        start: "interpolation" or "random": how EDSR, SECN and SRResNet start.
        plan: the stages of CT-SRCNN.
        initial: a trained network to go on from: a `.keras` file or the name of a preset. CT-SECN_n
            can go on from one with more separable blocks, see `carry_over`.
        teacher: a trained network of the same scale to learn from, likewise.
        teacher_share: of its pictures in what is learned, see `keras_secn.training.distillation`.

    Raises:
        UserError: an unknown start, the teacher's share is not above 0 and at most 1, or
            `arguments` are none.
    """

    model: str
    recipe: object
    scale: int = 2
    arguments: dict = dataclasses.field(default_factory=dict)
    start: str = "interpolation"
    plan: WidthPlan = WidthPlan()
    initial: str | None = None
    teacher: str | None = None
    teacher_share: float = 1.0

    def __post_init__(self):
        require_teacher_share(self.teacher_share)
        require_known(self.start, STARTS, "start")
        if not isinstance(self.arguments, dict) or {"name", "scale"} & set(self.arguments):
            raise UserError(
                "arguments are values by name, without name and scale, which the run sets itself,"
                f" not {self.arguments}"
            )

    def stages(self):
        """(name, factory arguments) of each network that is trained, in order."""
        if self.model == "ct_secn_16" and "n" in self.arguments:
            return [(f"ct_secn_{self.arguments['n']}", self.arguments)]
        if self.model != "ct_srcnn" or self.arguments:
            return [(self.model, self.arguments)]
        stages = [(f"ct_srcnn_{i}", {"widths": w}) for i, w in enumerate(self.plan.stages)]
        # what the two cascades are there for have names of their own: the deepest, the narrowest
        stages[-1] = "ct_srcnn_trimmed", stages[-1][1]
        deepest = self.plan.deepest
        stages[deepest] = "ct_srcnn", stages[deepest][1]
        return stages

    def build(self, name, arguments):
        model = registry.system(self.model).build(self.scale, name=name, **arguments)
        if self.start == "interpolation" and can_start_as_interpolation(model):
            start_as_interpolation(model)
        return model


def run_system(settings, cache, folder, *, validate, strategy=None):
    """Trains or resumes a system in `folder`, which keeps everything.

    Args:
        settings: `SystemSettings`; a folder that was started with others is refused.
        cache: the `PhotoCache` to train on.
        folder: each network lives in a folder of its own in it, see `keras_secn.training.train`.
        validate: function of a model that returns `val_psnr` and `val_ssim`.
        strategy: see `keras_secn.training.devices`.

    Returns:
        The trained network, and a row for `keras_secn.metrics.report.table` per stage.

    Raises:
        UserError: no such system, another run holds the folder, or it was started with other
            settings.
    """
    registry.system(settings.model)
    with run_folder(folder, settings) as folder:
        runner = _fit if settings.model == "aplus" else _train
        model, rows = runner(settings, cache, folder, validate, strategy)
        if multihost.is_first():
            write_table(rows, folder, dataclasses.asdict(settings))
    return model, rows


def _train(settings, cache, folder, validate, strategy):
    stages, model, rows = settings.stages(), None, []
    recipe = dataclasses.replace(
        settings.recipe, steps=max(1, settings.recipe.steps // len(stages))
    )
    further = None
    if settings.initial:
        further = functools.partial(carry_over, load_initial(settings.initial, folder))
    teacher = load_teacher(settings.teacher, settings.scale)
    with RunBar(recipe.total_steps * len(stages)) as bar:
        for index, (name, arguments) in enumerate(stages):
            model = train(
                functools.partial(settings.build, name, arguments),
                dataclasses.replace(recipe, seed=recipe.seed + index),
                cache,
                folder / name,
                start=functools.partial(transfer_widths, model) if model else further,
                teacher=teacher,
                teacher_share=settings.teacher_share,
                validate=validate,
                strategy=strategy,
                bar=bar,
            )
            row = network_row(name, model, recipe.total_steps * (index + 1), validate)
            rows.append({**row, "arguments": arguments})
    return model, rows


def _fit(settings, cache, folder, validate, strategy):
    path = folder / "aplus" / "model.keras"
    if path.exists():
        model = load_checked(path)
    else:
        try:
            inspect.signature(fit).bind(cache, **settings.arguments)
        except TypeError as error:
            raise UserError(f"A+: {error}") from None
        model = fit(
            cache, settings.scale, seed=settings.recipe.seed, progress=True, **settings.arguments
        )
        with atomic_path(path) as temporary:
            model.save(temporary)
    return model, [network_row("aplus", model, 0, validate)]


def carry_over(source, target):
    """Copies the weights of the same network, of another scale, or with more separable blocks.

    Raises:
        UserError: the networks differ in anything else.
    """
    separable = [block_kinds(model).count("separable") for model in (source, target)]
    if separable[0] > separable[1]:
        transfer_weights(source, target, "compose")
    else:
        continue_from(source, target)
