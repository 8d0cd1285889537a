"""Which blocks are replaced at which stage (Wu et al., 2018, section 4)."""

import dataclasses

from keras_secn.layers.blocks import BLOCKS
from keras_secn.utils.errors import UserError, require_known

ORDERS = ("back_to_front", "front_to_back")


@dataclasses.dataclass(frozen=True)
class CascadePlan:
    """Which blocks are replaced, by what, in which order.

    Args:
        blocks: number of residual blocks.
        replace: number of blocks replaced in the end.
        per_stage: number of blocks replaced at each stage (the paper: 2).
        order: "back_to_front" (the paper) or "front_to_back".
        source, target: the kinds of block before and after; keys of `keras_secn.layers.BLOCKS`.

    Raises:
        UserError: a count or a name is out of range.
    """

    blocks: int = 16
    replace: int = 16
    per_stage: int = 2
    order: str = "back_to_front"
    source: str = "se"
    target: str = "separable"

    def __post_init__(self):
        if not 0 <= self.replace <= self.blocks:
            raise UserError(f"cannot replace {self.replace} of {self.blocks} blocks")
        if self.per_stage < 1:
            raise UserError(f"blocks per stage must be at least 1, not {self.per_stage}")
        require_known(self.order, ORDERS, "order")
        for kind in (self.source, self.target):
            require_known(kind, BLOCKS, "block kind")

    @property
    def counts(self) -> list[int]:
        """Number of replaced blocks after each stage; the first stage, 0, trains the source."""
        return [*range(0, self.replace, self.per_stage), self.replace]

    def kinds(self, count: int) -> list[str]:
        """The network's list of block kinds once `count` blocks are replaced."""
        kept, replaced = [self.source] * (self.blocks - count), [self.target] * count
        return kept + replaced if self.order == "back_to_front" else replaced + kept
