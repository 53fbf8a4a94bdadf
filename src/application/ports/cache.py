"""The cache: encoded bytes by key, invalidated by tags."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

Loader = Callable[[], Awaitable[bytes]]


class CacheOutcome(StrEnum):
    """Where a value came from; the `X-Cache` header says the same word."""

    HIT = "hit"
    STALE = "stale"
    MISS = "miss"


@dataclass(frozen=True, slots=True)
class CachedValue:
    value: bytes
    outcome: CacheOutcome


class Cache(Protocol):
    """Remembers what a loader returned for `ttl_seconds`, unless one of its tags is invalidated first.

    Promises, checked by `tests/contract/test_cache.py`:
    - a loader runs once for concurrent calls of one key in a process; its error reaches every one of them, is not
      remembered, and a cancelled caller cancels nobody else;
    - after `invalidate(tags)` returned, no value that was loaded or began loading before is ever answered as a hit;
    - a broken or slow store never raises and never delays a call by more than a fraction of a second: the loader
      answers.
    """

    @abstractmethod
    async def get_or_load(self, key: str, loader: Loader, *, ttl_seconds: float, tags: Collection[str]) -> CachedValue:
        """The value under `key`, loaded when absent. Only the loader's own error is raised."""
        ...

    @abstractmethod
    async def invalidate(self, tags: Collection[str]) -> None:
        """Forgets everything stored under any of the tags. Never raises."""
        ...

    @abstractmethod
    async def clear(self) -> None:
        """Forgets everything. Never raises."""
        ...
