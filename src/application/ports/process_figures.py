"""What this process takes of the machine."""

from abc import abstractmethod
from typing import Protocol

from msgspec import Struct


class SystemFigures(Struct, frozen=True, kw_only=True, rename="camel"):
    """`memory_limit_bytes` is that of the control group, or the machine's memory; `loop_lag_ms` how late the event loop
    was at worst in the last ten seconds."""

    memory_bytes: int
    memory_limit_bytes: int
    uptime_seconds: float
    process_id: int
    loop_lag_ms: float = 0.0


class ProcessFigures(Protocol):
    @abstractmethod
    def read(self) -> SystemFigures:
        """The figures now; cheap."""
        ...
