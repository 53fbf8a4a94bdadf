"""A cache in the memory of this process."""

import random
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass

from application.ports.cache import ABSENT, ABSENT_SECONDS, Cache, CachedValue, CacheOutcome, Loader
from application.ports.metrics import Metrics
from infrastructure.cache.single_flight import Flight, SingleFlight

SHORTEST_SHARE_OF_TTL = 0.9
ENTRY_OVERHEAD_BYTES = 500


@dataclass(frozen=True, slots=True)
class _Entry:
    value: bytes
    tags: frozenset[str]
    expires_at: float
    size: int


class InMemoryCache(Cache):
    """Bounded by entries and by bytes; the entry that was not asked for the longest goes first.

    What is loaded together does not expire together: an entry lives for 90 to 100 % of its time.
    """

    def __init__(
        self,
        metrics: Metrics,
        *,
        max_entries: int = 10_000,
        max_bytes: int = 64 * 1024 * 1024,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._monotonic = monotonic
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._keys_by_tag: dict[str, set[str]] = {}
        self._bytes = 0
        self._flights = SingleFlight()

    async def get_or_load(
        self,
        key: str,
        loader: Loader,
        *,
        ttl_seconds: float,
        tags: Collection[str],
        fresh: bool = False,  # noqa: ARG002 - what is invalidated here is forgotten at once
    ) -> CachedValue:
        answer = self._remembered(key)
        if answer is None:

            async def load(flight: Flight) -> CachedValue:
                value = await loader()
                if not flight.outdated:
                    self._remember(key, value, ttl_seconds, flight.tags)
                return CachedValue(value, CacheOutcome.MISS)

            try:
                answer = await self._flights.run(key, tags, load)
            finally:
                self._count(key, CacheOutcome.MISS)
        else:
            self._count(key, CacheOutcome.HIT)
        return answer

    def peek(self, key: str) -> CachedValue | None:
        found = self._remembered(key)
        if found is None or found.value == ABSENT:
            return None
        self._count(key, CacheOutcome.HIT)
        return found

    async def invalidate(self, tags: Collection[str]) -> None:
        self._flights.invalidate(tags)
        for tag in tags:
            for key in list(self._keys_by_tag.get(tag, ())):
                self._forget(key)

    async def clear(self) -> None:
        self._flights.clear()
        self._entries.clear()
        self._keys_by_tag.clear()
        self._bytes = 0

    def _remembered(self, key: str) -> CachedValue | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires_at <= self._monotonic():
            self._forget(key)
            return None
        self._entries.move_to_end(key)
        return CachedValue(entry.value, CacheOutcome.HIT)

    def _remember(self, key: str, value: bytes, ttl_seconds: float, tags: frozenset[str]) -> None:
        self._forget(key)
        size = len(value) + len(key) + ENTRY_OVERHEAD_BYTES
        if size > self._max_bytes:
            return
        if value == ABSENT:
            ttl_seconds = min(ttl_seconds, ABSENT_SECONDS)
        lifetime = ttl_seconds * random.uniform(SHORTEST_SHARE_OF_TTL, 1)
        self._entries[key] = _Entry(value, tags, self._monotonic() + lifetime, size)
        self._bytes += size
        for tag in tags:
            self._keys_by_tag.setdefault(tag, set()).add(key)
        while self._bytes > self._max_bytes or len(self._entries) > self._max_entries:
            self._forget(next(iter(self._entries)))

    def _forget(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._bytes -= entry.size
        for tag in entry.tags:
            keys = self._keys_by_tag[tag]
            keys.discard(key)
            if not keys:
                del self._keys_by_tag[tag]

    def _count(self, key: str, outcome: CacheOutcome) -> None:
        self._metrics.cache_answered(kind=key.partition(":")[0], outcome=outcome.value)
