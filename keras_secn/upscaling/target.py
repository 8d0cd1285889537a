"""Size of the result, and the networks' scales that reach it."""

import dataclasses
import itertools
import math
import numbers

from keras_secn.utils.errors import UserError

LARGEST = 16  # times; beyond that, networks enlarge their own inventions
MOST = 1e12  # of whatever is asked for; beyond that, numbers overflow
QUALITY = 95  # of results in JPEG, WebP and AVIF, if not asked for


@dataclasses.dataclass(frozen=True)
class Target:
    """The size that a user asks for; at most one of the fields is given.

    Example:
        >>> Target(width=3000).size(1001, 1501)
        (2001, 3000)
    """

    scale: float | None = None
    width: int | None = None
    height: int | None = None
    megapixels: float | None = None

    def __post_init__(self):
        given = {name: value for name, value in vars(self).items() if value is not None}
        if len(given) > 1:
            raise UserError(f"give one of {' and '.join(given)}, not several")
        for name, value in given.items():
            if isinstance(value, bool) or not isinstance(value, numbers.Real):
                raise UserError(f"{name} must be a number, not {value!r}")
            if not 0 < value < MOST:
                raise UserError(f"{name} must be above 0 and below {MOST:g}, not {value}")
            if name in ("width", "height") and value != int(value):
                raise UserError(f"{name} is in whole pixels, not {value}")
        if self.scale is not None and not 1 < self.scale <= LARGEST:
            raise UserError(f"scale must be above 1 and at most {LARGEST}, not {self.scale:g}")

    @property
    def tag(self) -> str:
        """What a result's name gets: "x2", "x1.5", "w3000", "h2000" or "12mp"."""
        if self.width:
            return f"w{int(self.width)}"
        if self.height:
            return f"h{int(self.height)}"
        if self.megapixels:
            return f"{self.megapixels:g}mp"
        return f"x{self.scale:g}"

    def size(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) of the result of a picture of this size."""
        factor = self.scale
        if self.width:
            factor = self.width / width
        elif self.height:
            factor = self.height / height
        elif self.megapixels:
            factor = math.sqrt(self.megapixels * 1e6 / (height * width))
        size = _rounded(height * factor), _rounded(width * factor)
        if factor > LARGEST:
            raise UserError(
                f"{width}x{height} to {size[1]}x{size[0]} is {factor:.1f} times as large; "
                f"at most {LARGEST} times are possible"
            )
        return size


def _rounded(length):
    return max(1, math.floor(length + 0.5))


def factors(available, needed: float) -> tuple[int, ...]:
    """The networks' factors, largest first, whose product is the least that reaches `needed`.

    Example:
        >>> factors({2, 4}, 3)
        (4,)
        >>> factors({2, 3, 4}, 8)
        (4, 2)
    """
    if needed <= 1:
        return ()
    longest = math.ceil(math.log(needed, min(available)) - 1e-9)
    chains = (
        chain
        for length in range(1, max(1, longest) + 1)
        for chain in itertools.combinations_with_replacement(sorted(available), length)
        if math.prod(chain) >= needed - 1e-9
    )
    best = min(chains, key=lambda chain: (math.prod(chain), len(chain)))
    return tuple(sorted(best, reverse=True))
