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
    """One breaker as seen now. `failures` counts consecutive ones; `calls` counts calls admitted since start; `reason`
    says why it is not closed."""

    name: str
    state: BreakerState
    failures: int
    opened_at: datetime | None
    retry_at: datetime | None
    calls: int
    reason: str | None = None


class BreakerTransition(Struct, frozen=True, kw_only=True, rename="camel"):
    """A breaker changed its state, as this process noticed it at `at`. All processes notice; in one it was `made_here`,
    by a call, a probe or an admin."""

    name: str
    from_state: BreakerState
    to_state: BreakerState
    at: datetime
    reason: str
    made_here: bool


class CircuitOpen(Unavailable):
    """The dependency was given a rest; nothing was sent to it."""

    title = "A service we depend on is away"


class DependencyBusy(CircuitOpen):
    """As many calls as the dependency is trusted with are under way; nothing was sent to it."""

    title = "A service we depend on is busy"


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

    @abstractmethod
    async def force_open(self, name: str, reason: str, seconds: float) -> None:
        """Opens the breaker, or every one for `all`, for so long; then it is probed as usual. Raises UnknownBreaker."""
        ...
