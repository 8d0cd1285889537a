"""Trains all stages of a cascade."""

import dataclasses
import functools
import gc

from keras_secn.cascade.plan import CascadePlan
from keras_secn.cascade.transfer import INITIALIZERS, require_separable, transfer_weights
from keras_secn.layers.blocks import BLOCKS
from keras_secn.metrics.report import network_row
from keras_secn.models.bicubic_start import STARTS, start_as_interpolation
from keras_secn.models.edsr_trunk import block_kinds, build_network
from keras_secn.training.progress import RunBar
from keras_secn.training.run_folder import load_initial, run_folder
from keras_secn.training.trainer import train
from keras_secn.utils.errors import UserError, require_known


@dataclasses.dataclass(frozen=True)
class CascadeSettings:
    """Settings of a cascade.

    Args:
        plan: which blocks are replaced in which order.
        first: recipe of the network before any replacement; None to use `initial` untrained.
        stage: recipe of each later stage.
        last: recipe of the last stage.
        scale, filters: of the networks.
        initializer: how a new block starts; see `keras_secn.cascade.transfer_weights`.
        initial: a trained network to start from: a `.keras` file or the name of a preset.
        start: initial weights without `initial`: "interpolation"
            (`keras_secn.models.bicubic_start`) or "random".
    """

    plan: CascadePlan
    first: object
    stage: object
    last: object
    scale: int = 2
    filters: int = 64
    initializer: str = "random"
    initial: str | None = None
    start: str = "interpolation"

    def __post_init__(self):
        require_known(self.start, STARTS, "start")
        require_known(self.initializer, INITIALIZERS, "initializer")
        if self.initializer != "random":
            require_separable(BLOCKS[self.plan.target]().branch_layers(filters=1))
        if not (self.first or self.initial):
            raise UserError("without --initial, the first network needs steps to train")

    def build(self, count, name, fresh):
        """The network with `count` blocks replaced; `fresh` if no weights are transferred to it."""
        model = build_network(self.plan.kinds(count), self.scale, self.filters, name=name)
        return start_as_interpolation(model) if fresh and self.start == "interpolation" else model

    def recipe(self, stage):
        """The recipe of a stage, whose seed differs from the other stages'."""
        stages = len(self.plan.counts)
        recipe = self.first if stage == 0 else self.last if stage == stages - 1 else self.stage
        return dataclasses.replace(recipe, seed=recipe.seed + stage)

    @property
    def trained_stages(self):
        return range(0 if self.first else 1, len(self.plan.counts))

    @property
    def total_steps(self):
        """Optimizer steps of all stages together: the budget of the network from scratch."""
        recipes = [self.recipe(stage) for stage in self.trained_stages]
        return sum(recipe.total_steps for recipe in recipes)

    def name(self, count):
        target = "" if self.plan.target == "separable" else f"_{self.plan.target}"
        return f"ct_secn{target}_{count}" if count else "secn"


def run_cascade(settings, cache, folder, *, validate, from_scratch=False, strategy=None):
    """Runs or resumes a cascade in `folder`.

    Each network lives in a folder of its own (`secn`, `ct_secn_2`, ...), see
    `keras_secn.training.train`.

    Args:
        settings: `CascadeSettings`; a folder that was started with others is refused.
        cache: the `PhotoCache` to train on.
        folder: where everything is kept.
        validate: function of a model that returns `val_psnr` and `val_ssim`.
        from_scratch: also trains the last network from scratch for the same number of steps.
        strategy: see `keras_secn.training.devices`.

    Returns:
        The table's rows, one dictionary per network.

    Raises:
        UserError: another run holds the folder, or it was started with other settings.
    """
    with (
        run_folder(folder, settings) as folder,
        RunBar(settings.total_steps * (2 if from_scratch else 1)) as bar,
    ):
        options = {"validate": validate, "strategy": strategy, "bar": bar}
        rows = list(_stages(settings, cache, folder, options))
        if from_scratch:
            rows.append(_from_scratch(settings, cache, folder, options))
    return rows


def _stages(settings, cache, folder, options):
    plan, validate = settings.plan, options["validate"]
    source, steps = None, 0
    if settings.initial:
        source = load_initial(settings.initial, folder)
        if block_kinds(source) != plan.kinds(0):
            raise UserError(f"{settings.initial} is not a network of {plan.blocks} {plan.source}s")
        name = "initial" if settings.first else settings.name(0)
        row = network_row(name, source, 0, validate)
        options["bar"].say(f"{settings.initial} has {row['val_psnr']:.2f} dB")
        yield row

    for stage in settings.trained_stages:
        count = plan.counts[stage]
        name, recipe = settings.name(count), settings.recipe(stage)
        start = None
        if source is not None:
            start = functools.partial(
                transfer_weights,
                source,
                initializer=settings.initializer,
                calibration=calibration(settings.initializer, cache, recipe),
            )
        build = functools.partial(settings.build, count, name, fresh=source is None)
        source = train(build, recipe, cache, folder / name, start=start, **options)
        steps += recipe.total_steps
        yield network_row(name, source, steps, validate)
        gc.collect()


def calibration(initializer, cache, recipe):
    """64 LR patches for the initializer "lstsq"; None for others."""
    if initializer != "lstsq":
        return None
    return recipe.patches(cache, batch_size=64, steps=1)[0][0]


def _from_scratch(settings, cache, folder, options):
    count = settings.plan.replace
    name = f"{settings.name(count)}_scratch"
    recipe = dataclasses.replace(settings.first or settings.last, steps=settings.total_steps)
    build = functools.partial(settings.build, count, name, fresh=True)
    model = train(build, recipe, cache, folder / name, **options)
    row = network_row(name, model, recipe.total_steps, options["validate"])
    return {**row, "from_scratch": True}
