"""Anybody types the beginning of a place's name."""

from dataclasses import dataclass

import msgspec

from application.cache_tags import PLACES_TAG
from application.cached_read import CachedRead
from application.encoded_answer import encoded
from application.ports.cache import ABSENT, Cache
from application.ports.geocoder import Geocoder, Place
from application.ports.views import Page
from domain.shared.folding import fold
from domain.shared.languages import Country

PLACE_SECONDS = 24 * 3600
LONGEST_USUAL_NAME = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestPlaces:
    geocoder: Geocoder
    cache: Cache

    def execute(self, *, text: str, country: Country | None, limit: int) -> CachedRead:
        name = fold(text)

        async def load() -> bytes:
            # What nobody's name begins with is remembered briefly: there is no end of it.
            found = await self.geocoder.suggest(text, country=country, limit=limit)
            return _page(*found) if found else ABSENT

        return CachedRead(
            cache=self.cache,
            key=f"places:{country or ''}:{limit}:{name}",
            load=load,
            ttl_seconds=PLACE_SECONDS,
            tags=frozenset({PLACES_TAG}),
            if_absent=_page,
            remembered=is_usual_name(name),
        )


def is_usual_name(folded: str) -> bool:
    """Whether it is worth remembering: there is no end of long ones, and few places have one."""
    return len(folded) <= LONGEST_USUAL_NAME


def _page(*places: Place) -> bytes:
    return encoded(msgspec.json.encode(Page[Place](items=list(places), next_cursor=None)))
