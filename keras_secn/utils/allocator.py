"""When freed memory goes back to the system: not within a step or tile, but after a tile."""

import contextlib
import ctypes
import functools

# <malloc.h> of glibc
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX, M_ARENA_MAX = -1, -2, -4, -8


@functools.cache
def keep_freed_memory(one_arena=False):
    """Makes glibc's allocator reuse large blocks; for the whole process, once.

    A training step on a CPU frees and allocates the same feature maps again and again. By default
    each of them is mapped and unmapped, and the kernel clears its pages anew. A threshold for
    mapping (M_MMAP_THRESHOLD) is not enough: the arenas of TensorFlow's threads, 64 MiB each, map
    what does not fit. Seen once, `fit` of SECN in batches of 8 on two AMD cores: 196,000
    page faults and 0.72 s a step by default, 97,000 and 0.47 s with the threshold, 600 and 0.33 s
    with no mapping.

    Args:
        one_arena: all threads share the main arena, which holds blocks of any size; an arena of
            64 MiB maps what is larger (features of 512x512 pixels), and what several arenas keep
            adds up. For inference: training allocates small blocks too, and threads would wait
            for one another.

    Returns:
        Whether the allocator is glibc's and took the settings; elsewhere nothing is changed.
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    settings = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 2**26}
    if one_arena:
        settings[M_ARENA_MAX] = 1
    return all([mallopt(name, value) == 1 for name, value in settings.items()])


def give_back_memory():
    """Gives the system back what is free, between pieces of work of other sizes.

    What one of them leaves in pieces the next one cannot use: upscaling 3840x2160 on Keras took
    1,784 MiB at its peak, and 1,352 with this after each tile (benchmarks/upscale.py).
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
