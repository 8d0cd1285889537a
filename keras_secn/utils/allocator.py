"""When freed memory goes back to the system: not within a step or tile, but after a tile."""

import contextlib
import ctypes
import functools

# <malloc.h> of glibc
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX, M_ARENA_MAX = -1, -2, -4, -8


@functools.cache
def keep_freed_memory(one_arena=False):
    """Makes glibc's allocator reuse large blocks; for the whole process, once.

    For programs, which own their process: call it at the start, before Keras computes anything.
    Nothing of the library but its commands and scripts does so. It pays for training on a CPU and
    for upscaling large pictures on the Keras engine (up to twice as fast); not for LiteRT.

        from keras_secn.utils.allocator import keep_freed_memory
        keep_freed_memory(one_arena=True)
        keras_secn.upscale("large.png", "large_x2.png", engine="keras")

    A step or tile on a CPU frees and allocates the same feature maps again and again. By default
    each of them is mapped and unmapped, and the kernel clears its pages anew. A threshold for
    mapping (M_MMAP_THRESHOLD) is not enough: the arenas of TensorFlow's threads, 64 MiB each, map
    what does not fit.

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

    What one of them leaves in pieces the next one cannot use. Where no program called
    `keep_freed_memory`, the allocator does so by itself, and nothing is done here.
    """
    if keep_freed_memory.cache_info().currsize:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)
