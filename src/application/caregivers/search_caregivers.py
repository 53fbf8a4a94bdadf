"""Anybody looks for a caregiver nearby."""

from dataclasses import dataclass, fields, replace
from enum import Enum

import msgspec

from application.cache_tags import SEARCH_TAG
from application.cursors import encode_cursor
from application.ports.cache import Cache, CachedValue
from application.ports.caregiver_queries import CaregiverCard, CaregiverQueries, CaregiverSearch
from application.ports.geocoder import Geocoder
from application.ports.views import Page
from domain.shared.errors import InvalidInput

SEARCH_SECONDS = 5 * 60
# A caller's coordinates are rounded to 0.01° (about a kilometre), so that neighbours share an entry and nobody is
# pinned down.
COORDINATE_DECIMALS = 2


class NowhereToSearch(InvalidInput):
    title = "We do not know this place"


class PlaceOrCoordinates(InvalidInput):
    title = "Give either a place or both coordinates"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCaregivers:
    queries: CaregiverQueries
    geocoder: Geocoder
    cache: Cache

    async def execute(self, *, search: CaregiverSearch, place: str | None = None) -> CachedValue:
        """A page as encoded JSON. Raises NowhereToSearch (field `place`) or PlaceOrCoordinates."""
        search = await self._located(search, place)

        async def load() -> bytes:
            cards, after = await self.queries.search(search)
            page = Page[CaregiverCard](items=cards, next_cursor=None if after is None else encode_cursor(after))
            return msgspec.json.encode(page)

        return await self.cache.get_or_load(_key(search), load, ttl_seconds=SEARCH_SECONDS, tags=[SEARCH_TAG])

    async def _located(self, search: CaregiverSearch, place: str | None) -> CaregiverSearch:
        if (search.lat is None) != (search.lng is None):
            raise PlaceOrCoordinates(field="lng" if search.lng is None else "lat")
        if place is not None:
            if search.lat is not None:
                raise PlaceOrCoordinates(field="place")
            found = await self.geocoder.find(place, country=search.country)
            if found is None:
                raise NowhereToSearch(field="place")
            return replace(search, lat=found.lat, lng=found.lng)
        if search.lat is None or search.lng is None:
            return search
        return replace(search, lat=round(search.lat, COORDINATE_DECIMALS), lng=round(search.lng, COORDINATE_DECIMALS))


def _key(search: CaregiverSearch) -> str:
    """The same for every way of asking the same."""
    parts = ((field.name, getattr(search, field.name)) for field in fields(search))
    return "search:" + "&".join(f"{name}={_plain(value)}" for name, value in parts if value is not None)


def _plain(value: object) -> str:
    return str(value.value) if isinstance(value, Enum) else str(value)
