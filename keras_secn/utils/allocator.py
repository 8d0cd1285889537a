"""Settings of glibc's allocator that let training steps and tiles reuse freed memory."""

import contextlib
import ctypes
import functools

# <malloc.h> of glibc
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX, M_ARENA_MAX = -1, -2, -4, -8


@functools.cache
def keep_freed_memory(one_arena=False):
    """Makes glibc's allocator reuse large blocks, for the whole process.

    For programs: call it before Keras computes anything. The library itself never does. It speeds
    up training on a CPU and large pictures on the Keras engine (up to twice as fast), not LiteRT.

        from keras_secn.utils.allocator import keep_freed_memory
        keep_freed_memory(one_arena=True)
        keras_secn.upscale("large.png", "large_x2.png", engine="keras")

    Each step or tile allocates and frees the same feature maps. By default each of them is mapped
    and unmapped, and the kernel clears its pages. M_MMAP_THRESHOLD alone does not help: the arenas
    of TensorFlow's threads, 64 MiB each, map what does not fit.

    Args:
        one_arena: all threads share the main arena, which holds blocks of any size. For inference;
            in training, threads would wait for one another.

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
    """Returns free memory to the system, between pictures of different sizes.

    Does nothing if `keep_freed_memory` was not called: the allocator then does it by itself.
    """
    if keep_freed_memory.cache_info().currsize:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)
