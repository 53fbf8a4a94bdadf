"""Counting attempts against a limit, atomically and for all processes."""

from abc import abstractmethod
from typing import Protocol

from msgspec import Struct


class RateLimitVerdict(Struct, frozen=True, kw_only=True):
    """The state after one hit. `reset_seconds` ≥ 1 is the whole number of seconds until the window is over."""

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int


class RateLimits(Protocol):
    """Fixed windows that begin with the first hit of a key.

    Promises, checked by `tests/contract/test_rate_limits.py`: of any number of concurrent hits within one window
    exactly `limit` are allowed; keys do not touch each other; a store that is away or slow never raises and falls
    back to counting in the process.
    """

    @abstractmethod
    async def hit(self, key: str, *, limit: int, window_seconds: int) -> RateLimitVerdict:
        """Counts one attempt under `key`. `limit` ≥ 1."""
        ...

    @abstractmethod
    async def peek(self, key: str, *, limit: int, window_seconds: int) -> RateLimitVerdict:
        """What `hit` would answer (`allowed`: one more hit would pass), without counting."""
        ...

    @abstractmethod
    async def forget(self, key: str) -> None:
        """Starts the key afresh, as after a successful login."""
        ...


class LocalRateLimits(RateLimits, Protocol):
    """Counts in this process: there is nothing to wait for."""

    @abstractmethod
    def hit_at_once(self, key: str, *, limit: int, window_seconds: int) -> RateLimitVerdict:
        """As `hit`."""
        ...
