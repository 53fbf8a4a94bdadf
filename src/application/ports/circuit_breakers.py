"""Looking at the circuit breakers, and steering them."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from domain.shared.errors import NotFound, Unavailable


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """One breaker as seen now. `failures` counts consecutive ones; `calls` counts calls admitted since start."""

    name: str
    state: BreakerState
    failures: int
    opened_at: datetime | None
    retry_at: datetime | None
    calls: int


class CircuitOpen(Unavailable):
    """The dependency was given a rest; nothing was sent to it."""

    title = "A service we depend on is away"


class UnknownBreaker(NotFound):
    title = "There is no such circuit breaker"


class CircuitBreakers(Protocol):
    """All breakers of the system by name: payments, email, cache, …"""

    @abstractmethod
    async def status(self) -> Sequence[BreakerStatus]: ...

    @abstractmethod
    async def reset(self, name: str) -> None:
        """Closes the breaker, or every one for `all`. Raises UnknownBreaker."""
        ...
