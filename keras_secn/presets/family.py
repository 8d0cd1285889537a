"""Names of presets of one network for several scales, and for compressed pictures.

`ct_secn_16` enlarges twice, `ct_secn_16_x4` four times, `ct_secn_16_jpeg` is for compressed
pictures and `ct_secn_16_jpeg_x4` for both.
"""

import re
from typing import NamedTuple

from keras_secn.presets.store import list_presets
from keras_secn.utils.errors import UserError

NAME = re.compile(r"(?P<network>.*?)(?P<rough>_jpeg)?(_x(?P<scale>[2-9]))?", re.DOTALL)


class Member(NamedTuple):
    """The parts of a preset's name; `rough` is for compressed or noisy pictures."""

    network: str
    scale: int = 2
    rough: bool = False

    @property
    def name(self) -> str:
        """The preset's name; there may be no such preset."""
        return f"{self.network}{'_jpeg' * self.rough}{f'_x{self.scale}' * (self.scale != 2)}"


def member(name: str) -> Member:
    """Parses a preset's name.

    Example:
        >>> member("ct_secn_16_jpeg_x4")
        Member(network='ct_secn_16', scale=4, rough=True)
    """
    found = NAME.fullmatch(name)
    return Member(found["network"], int(found["scale"] or 2), bool(found["rough"]))


def scales(network: str, rough: bool = False) -> list[int]:
    """The scales for which there are presets of a network."""
    known = set(list_presets())
    return [scale for scale in range(2, 10) if Member(network, scale, rough).name in known]


def at_scale(name: str, scale: int) -> str:
    """The preset of the same network for another scale; a `UserError` if there is none."""
    wanted = member(name)
    known = scales(wanted.network, wanted.rough)
    if scale not in known:
        there = ", ".join(f"x{scale}" for scale in known) or "none at all"
        raise UserError(f"no preset of {name!r} enlarges {scale!r} times; there are {there}")
    return wanted._replace(scale=int(scale)).name
