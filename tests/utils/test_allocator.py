"""Freed memory is kept: who takes as much again touches no fresh page."""

import platform
import subprocess
import sys

import pytest

# as TensorFlow does: several large blocks at a time, on a thread other than the main one
BLOCKS = """
import ctypes, resource, sys, threading
from keras_secn.utils.allocator import keep_freed_memory
if sys.argv[1] != "default":
    assert keep_freed_memory(one_arena=sys.argv[1] == "one arena")
libc = ctypes.CDLL("libc.so.6")
libc.malloc.restype, size, faults = ctypes.c_void_p, int(sys.argv[2]) << 20, []
def work():
    for _ in range(5):
        blocks = [ctypes.c_void_p(libc.malloc(ctypes.c_size_t(size))) for _ in range(4)]
        for block in blocks:
            ctypes.memset(block, 1, size)
        for block in blocks:
            libc.free(block)
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(faults[-1] - faults[1])
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator is not glibc's")
@pytest.mark.parametrize(
    "mode, mebibytes",
    [
        ("keep", 26),
        # more than the arena of a thread can hold: upscaling's tiles of 512x512 pixels
        ("one arena", 80),
    ],
)
def test_blocks_of_other_threads_are_kept(mode, mebibytes):
    def faults(mode):
        command = [sys.executable, "-c", BLOCKS, mode, str(mebibytes)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(done.stdout)

    kept, default = faults(mode), faults("default")
    assert kept < default / 20, (kept, default)


GIVEN_BACK = """
import ctypes
from keras_secn.utils.allocator import give_back_memory, keep_freed_memory
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 >> 20
keep_freed_memory(one_arena=True)
libc = ctypes.CDLL("libc.so.6")
libc.malloc.restype, size = ctypes.c_void_p, 40 << 20
before = resident()
blocks = [ctypes.c_void_p(libc.malloc(ctypes.c_size_t(size))) for _ in range(5)]
for block in blocks:
    ctypes.memset(block, 1, size)
for block in blocks[:4]:
    # the last one, at the top, keeps the heap from shrinking by itself
    libc.free(block)
freed = resident()
give_back_memory()
print(freed - before, resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator is not glibc's")
def test_what_is_kept_can_be_given_back():
    command = [sys.executable, "-c", GIVEN_BACK]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    freed, given_back = map(int, done.stdout.split())
    assert freed > 150 and given_back < 60, (freed, given_back)
