"""The cache switched off, to measure what it is worth."""

from collections.abc import Collection

from application.ports.cache import Cache, CachedValue, CacheOutcome, Loader


class NoCache(Cache):
    """Remembers nothing: every call loads."""

    async def get_or_load(
        self,
        key: str,  # noqa: ARG002
        loader: Loader,
        *,
        ttl_seconds: float,  # noqa: ARG002
        tags: Collection[str],  # noqa: ARG002
        fresh: bool = False,  # noqa: ARG002
    ) -> CachedValue:
        return CachedValue(await loader(), CacheOutcome.MISS)

    async def load(self, key: str, loader: Loader) -> CachedValue:  # noqa: ARG002
        return CachedValue(await loader(), CacheOutcome.MISS)

    def peek(self, key: str) -> CachedValue | None:  # noqa: ARG002
        return None

    async def glance(self, key: str, tags: Collection[str]) -> CachedValue | None:  # noqa: ARG002
        return None

    async def invalidate(self, tags: Collection[str]) -> None: ...

    async def clear(self) -> None: ...
