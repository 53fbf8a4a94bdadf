"""Anybody opens the front page."""

from dataclasses import dataclass

import msgspec

from application.cache_tags import HOME_TAG
from application.cached_read import CachedRead
from application.encoded_answer import encoded
from application.ports.cache import Cache
from application.ports.caregiver_queries import CaregiverQueries

HOME_SECONDS = 5 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowHome:
    queries: CaregiverQueries
    cache: Cache

    def execute(self) -> CachedRead:
        """Featured caregivers and counts."""

        async def load() -> bytes:
            return encoded(msgspec.json.encode(await self.queries.home()))

        return CachedRead(
            cache=self.cache, key="home:", load=load, ttl_seconds=HOME_SECONDS, tags=frozenset({HOME_TAG})
        )
