"""Anybody opens the front page."""

from dataclasses import dataclass

import msgspec

from application.cache_tags import COUNTS_TAG, HOME_TAG
from application.cached_read import CachedRead
from application.encoded_answer import encoded
from application.ports.cache import Cache, CacheOutcome
from application.ports.caregiver_queries import CaregiverQueries, CaregiverSearch, HomeView, SearchOrder, ServiceCount
from domain.shared.errors import Unavailable

HOME_SECONDS = 5 * 60
FEATURED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowHome:
    queries: CaregiverQueries
    cache: Cache

    def execute(self) -> CachedRead:
        """Featured caregivers and counts."""

        async def load() -> bytes:
            counts = await self._counts()
            featured, _ = await self.queries.search(CaregiverSearch(order=SearchOrder.BEST, limit=FEATURED))
            return encoded(msgspec.json.encode(HomeView(featured=featured, counts=counts)))

        return CachedRead(
            cache=self.cache, key="home:", load=load, ttl_seconds=HOME_SECONDS, tags=frozenset({HOME_TAG})
        )

    async def _counts(self) -> list[ServiceCount]:
        """They take longest and change least: remembered by themselves, and asked for as by one who knows of the write
        that made the page untrue."""

        async def load() -> bytes:
            return msgspec.json.encode(await self.queries.service_counts())

        found = await self.cache.get_or_load(
            "counts:", load, ttl_seconds=HOME_SECONDS, tags=frozenset({COUNTS_TAG}), fresh=True
        )
        if found.outcome is CacheOutcome.STALE:
            # The page itself is to be marked so, by its own stand-in.
            raise Unavailable
        return msgspec.json.decode(found.value, type=list[ServiceCount])
