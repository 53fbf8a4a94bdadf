"""Anybody opens the front page."""

from dataclasses import dataclass

import msgspec

from application.cache_tags import SEARCH_TAG
from application.ports.cache import Cache, CachedValue
from application.ports.caregiver_queries import CaregiverQueries

HOME_SECONDS = 5 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowHome:
    queries: CaregiverQueries
    cache: Cache

    async def execute(self) -> CachedValue:
        """Featured caregivers and counts as encoded JSON."""

        async def load() -> bytes:
            return msgspec.json.encode(await self.queries.home())

        return await self.cache.get_or_load("home:", load, ttl_seconds=HOME_SECONDS, tags=[SEARCH_TAG])
