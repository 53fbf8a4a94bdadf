"""Keeping the process small, and its garbage collector out of the way."""

import ctypes
import gc
import sys

_M_ARENA_MAX = -8  # malloc.h of glibc
_ARENAS = 2
_YOUNG_OBJECTS = 5_000


def limit_arenas() -> None:
    """Lets threads share two heaps. glibc gives each thread its own, and what one has freed the others cannot use."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)


def spare_the_collector() -> None:
    """To be called once everything that stays is there: the collector does not go through it again, which would hold
    every request up for as long, and looks less often at what requests leave behind."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
