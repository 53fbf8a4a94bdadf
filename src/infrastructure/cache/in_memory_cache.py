"""A cache in the memory of this process alone."""

import time
from collections.abc import Callable

from application.ports.metrics import Metrics
from infrastructure.cache.memory_level import MemoryLevel
from infrastructure.cache.tiered_cache import TieredCache


class InMemoryCache(TieredCache):
    """For the one process that writes and reads: it forgets its own writes at once, and nobody tells it of others'."""

    def __init__(
        self,
        metrics: Metrics,
        *,
        max_entries: int = 10_000,
        max_bytes: int = 64 * 1024 * 1024,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(metrics, MemoryLevel(max_entries=max_entries, max_bytes=max_bytes), monotonic=monotonic)
