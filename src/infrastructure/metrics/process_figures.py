"""Figures of this process from /proc and the control group; elsewhere from the standard library."""

import os
import resource
import time
from pathlib import Path

from application.ports.process_figures import ProcessFigures, SystemFigures

_STATM = Path("/proc/self/statm")
_LIMIT = Path("/sys/fs/cgroup/memory.max")


class LocalProcessFigures(ProcessFigures):
    def __init__(self) -> None:
        self._started = time.monotonic()
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._limit = _memory_limit(self._page)

    def read(self) -> SystemFigures:
        return SystemFigures(
            memory_bytes=self._resident(),
            memory_limit_bytes=self._limit,
            uptime_seconds=round(time.monotonic() - self._started, 1),
            process_id=os.getpid(),
        )

    def _resident(self) -> int:
        try:
            return int(_STATM.read_text().split()[1]) * self._page
        except OSError:
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _memory_limit(page: int) -> int:
    try:
        text = _LIMIT.read_text().strip()
    except OSError:
        text = "max"
    return int(text) if text.isdigit() else os.sysconf("SC_PHYS_PAGES") * page
