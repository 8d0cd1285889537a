"""Every system of the paper's Table 1 by name: what builds it, and how it is trained.

A new network joins by one line in `SYSTEMS`; the tests, `training/train.py` and
`training/evaluate.py --table1` then know it.
"""

import dataclasses

from . import models
from .errors import UserError

LARGE = {"blocks": 32, "filters": 256, "residual_scaling": 0.1}
# how the papers from SRCNN to DRRN compare pictures
SQUARES_OF_Y = {"loss": "l2", "on_luminance": True}
CHARBONNIER_OF_Y = {"loss": "charbonnier", "on_luminance": True}


@dataclasses.dataclass(frozen=True)
class System:
    """A system to be compared.

    Args:
        title: how tables call it.
        factory: name of its factory in `keras_secn.models`.
        arguments: of the factory.
        parameters: all of them, exactly.
        published: the parameters in the literature, as (text, "all" or "weights"): weights are
            those of convolutions without biases, activations and norms. None if not known.
        recipe: what the paper does otherwise than `keras_secn.training.Recipe`'s defaults.
        published_scale: the scale that `published` is of.
    """

    title: str
    factory: str
    arguments: dict
    parameters: int
    published: tuple | None = None
    recipe: dict = dataclasses.field(default_factory=dict)
    published_scale: int = 2

    def build(self, scale=2, **options):
        """The network, fresh; `options` go to its factory in place of `arguments`."""
        return getattr(models, self.factory)(**{**self.arguments, "scale": scale, **options})


SYSTEMS = {
    "aplus": System("A+", "build_aplus", {}, 1_136_520),
    "srcnn": System("SRCNN", "build_srcnn", {}, 8_129, ("8032", "weights"), SQUARES_OF_Y),
    "srcnn_955": System(
        "SRCNN 9-5-5", "build_srcnn", {"middle": 5}, 57_281, ("57184", "weights"), SQUARES_OF_Y
    ),
    "fsrcnn": System("FSRCNN", "build_fsrcnn", {}, 12_809, ("12464", "weights"), SQUARES_OF_Y),
    "espcn": System("ESPCN", "build_espcn", {}, 21_284, ("20K", "weights"), SQUARES_OF_Y),
    "vdsr": System("VDSR", "build_vdsr", {}, 665_921, ("665K", "weights"), SQUARES_OF_Y),
    "drcn": System("DRCN", "build_drcn", {}, 1_775_121, ("1774K", "weights"), SQUARES_OF_Y),
    "drrn": System("DRRN B1U9", "build_drrn", {}, 297_601, ("297K", "weights"), SQUARES_OF_Y),
    "lapsrn": System("LapSRN", "build_lapsrn", {}, 436_114, ("251K", "weights"), CHARBONNIER_OF_Y),
    "srresnet": System(
        "SRResNet", "build_srresnet", {}, 1_407_107, ("1543K", "weights"), {"loss": "l2"}, 4
    ),
    "ct_srcnn": System("CT-SRCNN", "build_ct_srcnn", {}, 413_057, None, SQUARES_OF_Y),
    "edsr": System("EDSR B16F64", "build_edsr", {}, 1_369_859, ("1.37M", "all")),
    "secn": System("SECN B16F64", "build_secn", {}, 1_379_139, ("1379K", "all")),
    "ct_secn_16": System("CT-SECN_16", "build_ct_secn", {"n": 16}, 351_043, ("351K", "all")),
    "edsr_large": System("EDSR B32F256", "build_edsr", LARGE, 40_729_603, ("40.7M", "all")),
    "secn_large": System("SECN B32F256", "build_secn", LARGE, 41_800_195),
}


def system(name):
    """The system of that name.

    Raises:
        UserError: there is none.
    """
    if name not in SYSTEMS:
        raise UserError(f"unknown system {name!r}; known are {', '.join(SYSTEMS)}")
    return SYSTEMS[name]
