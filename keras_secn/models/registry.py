"""The networks of the paper's Table 1 by name: factory, parameters and training recipe.

A new network needs one line in `SYSTEMS`; tests, `training/train.py` and `training/table1.py`
then include it.
"""

from __future__ import annotations

import dataclasses
import inspect
from typing import TYPE_CHECKING, Any

from keras_secn import models
from keras_secn.utils.errors import UserError, require_known

if TYPE_CHECKING:
    import keras

LARGE = {"blocks": 32, "filters": 256, "residual_scaling": 0.1}
# the loss of the papers from SRCNN to DRRN
SQUARES_OF_Y = {"loss": "l2", "luminance_share": 1.0}
# a high learning rate with clipped gradients (Kim et al., CVPR 2016, section 3.2)
CLIPPED = {**SQUARES_OF_Y, "momentum": 0.9, "theta": 1e-3}
CHARBONNIER_OF_Y = {"loss": "charbonnier", "luminance_share": 1.0}


@dataclasses.dataclass(frozen=True)
class System:
    """A network of Table 1.

    Args:
        title: its name in tables.
        factory: name of its factory in `keras_secn.models`.
        arguments: of the factory.
        parameters: all of them, exactly.
        published: the parameters in the literature, as (text, "all" or "weights", scale), x2 if
            there is no scale; "weights" leaves out biases, activations and norms.
        recipe: the paper's values where they differ from `keras_secn.training.Recipe`'s defaults.
        small: arguments of a tiny one, for tests and trial runs.
    """

    title: str
    factory: str
    arguments: dict
    parameters: int
    published: tuple | None = None
    recipe: dict = dataclasses.field(default_factory=dict)
    small: dict = dataclasses.field(default_factory=dict)

    def build(self, scale: int = 2, **options: Any) -> keras.Model:
        """The network with initial weights; `options` replace `arguments` of the factory.

        Raises:
            UserError: its factory has no such option, or refuses it.
        """
        factory = getattr(models, self.factory)
        try:
            inspect.signature(factory).bind(**options)
        except TypeError as error:
            raise UserError(f"{self.title}: {error}") from None
        return factory(**{**self.arguments, "scale": scale, **options})


# for `small`
NARROW = {"filters": 8}
TINY = {"blocks": 2, "filters": 8}

SYSTEMS = {
    "aplus": System("A+", "build_aplus", {}, 1_139_640, small={"anchors": 16, "components": 8}),
    "srcnn": System("SRCNN", "build_srcnn", {}, 8_129, ("8032", "weights"), SQUARES_OF_Y),
    "srcnn_955": System(
        "SRCNN 9-5-5", "build_srcnn", {"middle": 5}, 57_281, ("57184", "weights"), SQUARES_OF_Y
    ),
    "fsrcnn": System("FSRCNN", "build_fsrcnn", {}, 12_809, ("12464", "weights"), SQUARES_OF_Y),
    "espcn": System("ESPCN", "build_espcn", {}, 21_284, ("24.8K", "all", 4), SQUARES_OF_Y),
    "vdsr": System(
        "VDSR", "build_vdsr", {}, 665_921, ("665K", "weights"), CLIPPED, {"depth": 4, **NARROW}
    ),
    "drcn": System(
        "DRCN",
        "build_drcn",
        {},
        1_775_121,
        ("1774K", "weights"),
        SQUARES_OF_Y,
        {"recursions": 2, **NARROW},
    ),
    "drrn": System(
        "DRRN B1U9",
        "build_drrn",
        {},
        297_601,
        ("297K", "weights"),
        SQUARES_OF_Y,
        {"units": 2, **NARROW},
    ),
    "lapsrn": System(
        "LapSRN", "build_lapsrn", {}, 436_114, None, CHARBONNIER_OF_Y, {"depth": 2, **NARROW}
    ),
    "srresnet": System(
        "SRResNet", "build_srresnet", {}, 1_407_107, ("1543K", "weights", 4), {"loss": "l2"}, TINY
    ),
    "ct_srcnn": System(
        "CT-SRCNN", "build_ct_srcnn", {}, 413_057, None, SQUARES_OF_Y, {"widths": (8, 8)}
    ),
    "edsr": System("EDSR B16F64", "build_edsr", {}, 1_369_859, ("1.37M", "all"), {}, TINY),
    "secn": System("SECN B16F64", "build_secn", {}, 1_379_139, ("1379K", "all"), {}, TINY),
    "ct_secn_16": System(
        "CT-SECN_16", "build_ct_secn", {"n": 16}, 351_043, ("351K", "all"), {}, {"n": 2, **TINY}
    ),
    "edsr_large": System(
        "EDSR B32F256", "build_edsr", LARGE, 40_729_603, ("40.7M", "all"), {}, TINY
    ),
    "secn_large": System("SECN B32F256", "build_secn", LARGE, 41_000_451, None, {}, TINY),
}


def system(name: str) -> System:
    """The system of that name.

    Raises:
        UserError: there is none.
    """
    require_known(name, SYSTEMS, "system")
    return SYSTEMS[name]
