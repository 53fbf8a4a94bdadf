"""Keeping the process small, and its garbage collector out of the way."""

import ctypes
import gc
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h of glibc
_ARENAS = 2
_LARGE_BYTES = 1024 * 1024
_YOUNG_OBJECTS = 5_000


def limit_heaps() -> None:
    """Lets threads share two heaps. glibc gives each thread its own, and what one has freed the others cannot use.

    What is large goes back to the system when it is freed: by itself, glibc would keep the 19 MiB of a password's hash
    for the next one, once it has seen the first.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _LARGE_BYTES)


def spare_the_collector() -> None:
    """To be called once everything that stays is there: the collector does not go through it again, which would hold
    every request up for as long, and looks less often at what requests leave behind."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
