"""Whether int8 is faster than float32 on this processor."""

import pathlib
import platform

# x86 and ARM name their 8-bit dot products so in /proc/cpuinfo
DOT_PRODUCTS = {"avx_vnni", "avx512_vnni", "asimddp", "i8mm"}


def has_int8_dot_products(cpuinfo: str | None = None) -> bool:
    """Whether the processor multiplies and adds 8-bit integers in one instruction.

    With them LiteRT runs int8 files about three times as fast as float files.

    Args:
        cpuinfo: what `/proc/cpuinfo` says; read if `None`.

    Returns:
        `False` if it cannot be told.
    """
    if cpuinfo is None:
        if (platform.system(), platform.machine()) == ("Darwin", "arm64"):
            return True
        try:
            cpuinfo = pathlib.Path("/proc/cpuinfo").read_text(errors="replace")
        except OSError:
            return False
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() in ("flags", "features") and DOT_PRODUCTS & set(value.split()):
            return True
    return False
