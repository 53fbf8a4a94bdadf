"""Anybody looks at a caregiver's public profile."""

from dataclasses import dataclass
from typing import NoReturn

import msgspec

from application.cache_tags import caregiver_tag
from application.cached_read import CachedRead
from application.encoded_answer import encoded
from application.ports.cache import ABSENT, Cache
from application.ports.caregiver_queries import CaregiverQueries
from domain.caregivers.caregiver_profile import CaregiverNotFound
from domain.shared.actor import CaregiverId

PROFILE_SECONDS = 15 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCaregiver:
    queries: CaregiverQueries
    cache: Cache

    def execute(self, *, caregiver_id: CaregiverId) -> CachedRead:
        """The page, the same for everyone. Its answer raises CaregiverNotFound."""

        async def load() -> bytes:
            try:
                return encoded(msgspec.json.encode(await self.queries.page(caregiver_id)))
            except CaregiverNotFound:
                return ABSENT

        key = caregiver_tag(caregiver_id)
        return CachedRead(
            cache=self.cache,
            key=key,
            load=load,
            ttl_seconds=PROFILE_SECONDS,
            tags=frozenset({key}),
            if_absent=_nobody,
        )


def _nobody() -> NoReturn:
    raise CaregiverNotFound
