"""Chooses the networks for a picture, by scale and by the picture's condition."""

import pathlib
import platform
import re
import threading
import warnings
from typing import NamedTuple

from keras_secn.presets.family import Member, member, scales
from keras_secn.presets.lite_files import preset_file
from keras_secn.upscaling.engines.choose import DEFAULT, choose_engine, is_preset
from keras_secn.upscaling.target import factors
from keras_secn.utils.errors import UserError

FAST, BEST = "pocket_secn_l", "secn"
# x86 and ARM name their 8-bit dot products so in /proc/cpuinfo
DOT_PRODUCTS = re.compile(
    r"^(flags|features)\s*:.*\b(avx_vnni|avx512_vnni|asimddp|i8mm)\b", re.IGNORECASE | re.MULTILINE
)


class Pass(NamedTuple):
    """One step of an enlargement."""

    label: str  # the network's: the preset's name, or the file's
    factor: int  # enlargement


class Networks:
    """The networks that an `Upscaler` may use; each is opened when it is needed first.

    Of a preset, its family serves: the network of the same name for x3 or x4 if there is one, and
    the one for compressed pictures if no preset was named; the default's if the family has none.
    """

    def __init__(
        self, model=None, engine=None, threads=None, precision=None, fast=False, best=False
    ):
        chosen = {"model": model is not None, "fast": fast, "best": best}
        if sum(chosen.values()) > 1:
            given = " and ".join(name for name, is_given in chosen.items() if is_given)
            raise UserError(f"{given} exclude each other")
        self._options = engine, threads, precision
        self._fast, self._automatic = fast, model is None
        self._lock, self._opened, self._network = threading.RLock(), {}, None
        if model is None:
            model = FAST if fast else BEST if best else DEFAULT
        if is_preset(model):
            self.label = str(model)
            self._network, self.scale, self._rough = member(self.label)
            self.open(Pass(self.label, self.scale))  # an unknown name is refused at once
        else:
            only = choose_engine(model, *self._options)
            self.label = str(getattr(model, "name", None) or pathlib.Path(model).name)
            self._opened[self.label], self.scale = only, only.scale

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state):
        vars(self).update(state, _lock=threading.RLock())

    @property
    def _for_rough(self):
        """The family whose network takes compressed pictures."""
        has_own = not self._automatic or scales(self._network, True)
        return self._network if has_own else DEFAULT

    @property
    def judges(self) -> bool:
        """Whether a picture's state decides: no preset was named, and there are both kinds."""
        return self._automatic and bool(scales(self._for_rough, True))

    def tell(self, path, state, needed: float) -> None:
        """A note of what a file's `condition.Condition` leads to, unless the file is clean."""
        if not state.clean:
            names = " and ".join(step.label for step in self.passes(needed, True))
            done = f"so this is enlarged by {names}"
        elif state.smoothing:
            done = "so this is smoothed a little first"
        else:
            return
        text = f"{path}: {state.reason}, {done}; --preset overrules"
        warnings.warn(text, UserWarning, stacklevel=3)

    def passes(self, needed: float, rough: bool = False) -> list[Pass]:
        """The networks whose factors reach an enlargement, in the order of their work.

        The first one is for compressed or noisy pictures if the picture is `rough`.
        """
        if self._network is None:
            return [Pass(self.label, factor) for factor in factors({self.scale}, needed)]
        rough = self._rough or (rough and self.judges)
        first = scales(self._for_rough if rough else self._network, rough)
        later = scales(self._network) or first
        chain = factors(set(first) | set(later), needed)
        if chain and chain[0] not in first:
            chain = factors(first, needed)
        made = []
        for index, factor in enumerate(chain):
            is_rough = rough and (not index or factor not in later)
            network = self._for_rough if is_rough else self._network
            made.append(Pass(Member(network, factor, is_rough).name, factor))
        return made

    def open(self, step: Pass):
        """The engine of a pass, see `choose_engine`; any number of threads may ask for it."""
        with self._lock:
            if step.label not in self._opened:
                engine, threads, precision = self._options
                if self._fast and precision is None and engine != "keras":
                    there = preset_file(step.label, "int8").is_file()
                    precision = "int8" if there and has_int8_dot_products() else None
                self._opened[step.label] = choose_engine(step.label, engine, threads, precision)
            return self._opened[step.label]


def has_int8_dot_products(cpuinfo: str | None = None) -> bool:
    """Whether the processor multiplies and adds 8-bit integers in one instruction, if that is told.

    With them LiteRT runs int8 files about three times as fast as float files. `/proc/cpuinfo` is
    read if it is not given.
    """
    if cpuinfo is None:
        if (platform.system(), platform.machine()) == ("Darwin", "arm64"):
            return True
        try:
            cpuinfo = pathlib.Path("/proc/cpuinfo").read_text(errors="replace")
        except OSError:
            return False
    return bool(DOT_PRODUCTS.search(cpuinfo))
