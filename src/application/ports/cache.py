"""The cache: encoded bytes by key, invalidated by tags."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Collection
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

Loader = Callable[[], Awaitable[bytes]]

# To be raised when the encoded form of a value changes under a key that stays the same: processes of the old and the
# new release share one Redis for a while. Adapters that share values put it into their keys; callers need not.
SCHEMA_VERSION = 1

# What a loader returns for a thing that does not exist. It is remembered as any value is, but briefly: what was asked
# for too early is found soon, and a flood of wrong identifiers costs no query each.
ABSENT = b""
ABSENT_SECONDS = 30.0


class CacheOutcome(StrEnum):
    """Where a value came from; the `X-Cache` header says the same word."""

    HIT = "hit"
    STALE = "stale"
    MISS = "miss"


class CachedValue(Struct, frozen=True):
    value: bytes
    outcome: CacheOutcome


class Cache(Protocol):
    """Remembers what a loader returned for `ttl_seconds`, unless one of its tags is invalidated first.

    A key begins with its kind and a colon (`search:…`): answers are counted by kind. Equal keys have equal tags.

    Promises, checked by `tests/contract/test_cache.py`:
    - a loader runs once for concurrent calls of one key in a process; its error reaches every one of them, is not
      remembered, and a cancelled caller cancels nobody else;
    - after `invalidate(tags)` returned, no value that was loaded or began loading before is answered as a hit by this
      process ever again, nor by any other to a call with `fresh`; other calls there may meet it for another 100 ms;
    - a broken or slow store never raises and never delays a call by more than a fraction of a second: the loader
      answers.
    """

    @abstractmethod
    async def get_or_load(
        self, key: str, loader: Loader, *, ttl_seconds: float, tags: Collection[str], fresh: bool = False
    ) -> CachedValue:
        """The value under `key`, loaded when absent. Only the loader's own error is raised.

        With `fresh` the value is no older than any write that was acknowledged, by whatever process, before the call.
        ABSENT is remembered for no longer than ABSENT_SECONDS.
        """
        ...

    @abstractmethod
    async def load(self, key: str, loader: Loader) -> CachedValue:
        """What the loader returns, for what is not worth remembering: counted as a miss, kept nowhere, shared with
        nobody. Raises what the loader raises."""
        ...

    @abstractmethod
    def peek(self, key: str) -> CachedValue | None:
        """The value if this process has it at hand and may answer it at once to somebody who did not ask for `fresh`;
        counted as a hit. None otherwise, and always for ABSENT: then `get_or_load` answers."""
        ...

    @abstractmethod
    async def glance(self, key: str, tags: Collection[str]) -> CachedValue | None:
        """As `peek`, of what processes share: at most one look there, never a load. Never raises."""
        ...

    @abstractmethod
    async def invalidate(self, tags: Collection[str]) -> None:
        """Forgets everything stored under any of the tags. Never raises."""
        ...

    @abstractmethod
    async def clear(self) -> None:
        """Forgets everything. Never raises."""
        ...
