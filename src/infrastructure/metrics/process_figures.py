"""Figures of this process from /proc and the control group; elsewhere from the standard library."""

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

from application.ports.process_figures import ProcessFigures, SystemFigures

_STATM = Path("/proc/self/statm")
# Of the second version of control groups, and of the first.
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


class LocalProcessFigures(ProcessFigures):
    def __init__(self, loop_lag_seconds: Callable[[], float] = lambda: 0.0) -> None:
        self._started = time.monotonic()
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._limit = memory_limit(_LIMITS, machine_bytes=os.sysconf("SC_PHYS_PAGES") * self._page)
        self._loop_lag_seconds = loop_lag_seconds

    def read(self) -> SystemFigures:
        return SystemFigures(
            memory_bytes=self._resident(),
            memory_limit_bytes=self._limit,
            uptime_seconds=round(time.monotonic() - self._started, 1),
            process_id=os.getpid(),
            loop_lag_ms=round(self._loop_lag_seconds() * 1000, 1),
        )

    def _resident(self) -> int:
        try:
            return int(_STATM.read_text().split()[1]) * self._page
        except OSError:
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def memory_limit(files: tuple[Path, ...], *, machine_bytes: int) -> int:
    """That of the first control group that sets one below the machine's memory: without one the first version says a
    number beyond all memory."""
    for file in files:
        try:
            text = file.read_text().strip()
        except OSError:
            continue
        if text.isdigit() and int(text) < machine_bytes:
            return int(text)
    return machine_bytes
