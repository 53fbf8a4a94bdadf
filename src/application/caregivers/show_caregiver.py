"""Anybody looks at a caregiver's public profile."""

from dataclasses import dataclass

import msgspec

from application.cache_tags import caregiver_tag
from application.ports.cache import ABSENT, Cache, CachedValue
from application.ports.caregiver_queries import CaregiverQueries
from domain.caregivers.caregiver_profile import CaregiverNotFound
from domain.shared.actor import CaregiverId

PROFILE_SECONDS = 15 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCaregiver:
    queries: CaregiverQueries
    cache: Cache

    async def execute(self, *, caregiver_id: CaregiverId, fresh: bool = False) -> CachedValue:
        """The page as encoded JSON, the same for everyone. Raises CaregiverNotFound."""

        async def load() -> bytes:
            try:
                return msgspec.json.encode(await self.queries.page(caregiver_id))
            except CaregiverNotFound:
                return ABSENT

        key = caregiver_tag(caregiver_id)
        cached = await self.cache.get_or_load(key, load, ttl_seconds=PROFILE_SECONDS, tags=[key], fresh=fresh)
        if cached.value == ABSENT:
            raise CaregiverNotFound
        return cached
