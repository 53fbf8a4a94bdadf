"""What became of the circuit breakers over time."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from application.ports.circuit_breakers import BreakerState


class BreakerChange(Struct, frozen=True, kw_only=True, rename="camel"):
    """A change of state as it is kept. `process` names the one whose call, probe or admin made it."""

    id: UUID
    name: str
    from_state: BreakerState
    to_state: BreakerState
    at: datetime
    reason: str
    process: str


class BreakerHistory(Protocol):
    """Keeps changes of state.

    Promises, checked by `tests/contract/test_breaker_history.py`: the same change added twice is kept once, also when
    two processes noticed it within seconds; lists begin with the youngest.
    """

    @abstractmethod
    async def add(self, changes: Sequence[BreakerChange]) -> None: ...

    @abstractmethod
    async def opened_since(self, instant: datetime) -> Mapping[str, datetime]:
        """When each breaker that was opened since then was so last."""
        ...

    @abstractmethod
    async def since(self, instant: datetime, *, limit: int) -> list[BreakerChange]:
        """Those at this instant and later, the youngest first."""
        ...

    @abstractmethod
    async def recent(
        self, name: str | None, *, limit: int, before: UUID | None
    ) -> tuple[list[BreakerChange], UUID | None]:
        """Those of one breaker, or of all, and the `before` of the next page if there is one."""
        ...
