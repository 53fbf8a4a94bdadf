"""The processes of the product: who is there, and which one watches over all."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct


class ProcessReport(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a process last said of itself. `role` is `api` or `worker`; `open_breakers` are those that are not closed as
    it sees them, with the reason; `loop_lag_ms` is how late its event loop was at worst since the report before."""

    id: str
    role: str
    memory_bytes: int
    memory_limit_bytes: int
    uptime_seconds: float
    loop_lag_ms: float
    open_breakers: Mapping[str, str]
    seen_at: datetime


class ProcessRegister(Protocol):
    """Kept in the database, so that it holds with and without Redis, and behind a pooler.

    Promises, checked by `tests/contract/test_process_register.py`: whoever has not reported for PRESENT_SECONDS counts
    as gone; at any instant one process leads at most; a leader who falls silent is followed by another.
    """

    @abstractmethod
    async def report(self, report: ProcessReport) -> bool:
        """Whether this process leads from now on, for LEASE_SECONDS."""
        ...

    @abstractmethod
    async def present(self) -> Sequence[ProcessReport]: ...

    @abstractmethod
    async def step_down(self, process_id: str) -> None:
        """It stays, and leads no longer: another may lead at once."""
        ...

    @abstractmethod
    async def leave(self, process_id: str) -> None:
        """It ends: another may lead at once."""
        ...


PRESENT_SECONDS = 20
LEASE_SECONDS = 15
