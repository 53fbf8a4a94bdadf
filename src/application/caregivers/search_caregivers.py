"""Anybody looks for a caregiver nearby."""

from dataclasses import dataclass, fields, replace
from enum import Enum

import msgspec

from application.cache_tags import PLACES_TAG, search_tags
from application.cached_read import CachedRead
from application.caregivers.suggest_places import PLACE_SECONDS, is_usual_name
from application.cursors import encode_cursor
from application.encoded_answer import encoded
from application.ports.cache import ABSENT, Cache
from application.ports.caregiver_queries import (
    CaregiverCard,
    CaregiverQueries,
    CaregiverSearch,
    FreeThen,
    SearchOrder,
)
from application.ports.clock import Clock
from application.ports.geocoder import Geocoder, Place
from application.ports.views import Page
from domain.bookings.request_rules import check_period
from domain.shared.errors import InvalidInput
from domain.shared.folding import fold
from domain.shared.period import BRUSSELS, Period

SEARCH_SECONDS = 5 * 60
# A caller's coordinates are rounded to 0.01° (about a kilometre), so that neighbours share an entry and nobody is
# pinned down.
COORDINATE_DECIMALS = 2
_PRICE_STEP_CENTS = 100
_RATING_STEP = 0.5


class NowhereToSearch(InvalidInput):
    title = "We do not know this place"


class PetsWithoutPeriod(InvalidInput):
    title = "The number of pets counts only together with from and to"


class PlaceOrCoordinates(InvalidInput):
    title = "Give either a place or both coordinates"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCaregivers:
    queries: CaregiverQueries
    geocoder: Geocoder
    cache: Cache
    clock: Clock

    async def execute(
        self,
        *,
        search: CaregiverSearch,
        place: str | None = None,
        free: Period | None = None,
        pets: int | None = None,
    ) -> CachedRead:
        """A page, with `free` of those who can be asked to take `pets` (one, unless given) then.

        Raises NowhereToSearch (field `place`), PlaceOrCoordinates, PetsWithoutPeriod, and for a period that nobody
        could be asked for StartInPast, BeyondHorizon and TooManyNights (fields `from`, `to`).
        """
        search = _normalised(await self._located(replace(search, free=self._free(free, pets)), place))

        async def load() -> bytes:
            cards, after = await self.queries.search(search)
            page = Page[CaregiverCard](items=cards, next_cursor=None if after is None else encode_cursor(after))
            return encoded(msgspec.json.encode(page))

        return CachedRead(
            cache=self.cache,
            key=search_key(search),
            load=load,
            ttl_seconds=SEARCH_SECONDS,
            tags=search_tags(search),
            remembered=_is_usual(search),
        )

    def _free(self, period: Period | None, pets: int | None) -> FreeThen | None:
        if period is None:
            if pets is not None:
                raise PetsWithoutPeriod(field="pets")
            return None
        now = self.clock.now()
        check_period(period, time_zone=BRUSSELS, now=now, start_field="from", end_field="to")
        return FreeThen(period=period, pets=pets or 1, now=now)

    async def _located(self, search: CaregiverSearch, place: str | None) -> CaregiverSearch:
        if (search.lat is None) != (search.lng is None):
            raise PlaceOrCoordinates(field="lng" if search.lng is None else "lat")
        if place is not None:
            if search.lat is not None:
                raise PlaceOrCoordinates(field="place")
            found = await self._found(place, search)
            return replace(search, lat=found.lat, lng=found.lng)
        if search.lat is None or search.lng is None:
            return search
        return replace(search, lat=round(search.lat, COORDINATE_DECIMALS), lng=round(search.lng, COORDINATE_DECIMALS))

    async def _found(self, place: str, search: CaregiverSearch) -> Place:
        async def load() -> bytes:
            found = await self.geocoder.find(place, country=search.country)
            return ABSENT if found is None else msgspec.json.encode(found)

        if is_usual_name(name := fold(place)):
            key = f"place:{search.country or ''}:{name}"
            found = (await self.cache.get_or_load(key, load, ttl_seconds=PLACE_SECONDS, tags=[PLACES_TAG])).value
        else:
            found = await load()
        if found == ABSENT:
            raise NowhereToSearch(field="place")
        return msgspec.json.decode(found, type=Place)


def search_key(search: CaregiverSearch) -> str:
    """The same for every way of asking the same."""
    parts = ((field.name, getattr(search, field.name)) for field in fields(search))
    return "search:" + "&".join(f"{name}={_plain(value)}" for name, value in parts if value is not None)


def _normalised(search: CaregiverSearch) -> CaregiverSearch:
    """Without what changes nothing: a radius or distances without a point, bounds that bound nothing, -0.0."""
    located = search.lat is not None and search.lng is not None
    return replace(
        search,
        lat=None if search.lat is None else search.lat + 0.0,
        lng=None if search.lng is None else search.lng + 0.0,
        radius_km=search.radius_km if located else None,
        min_price_cents=search.min_price_cents or None,
        min_rating=search.min_rating or None,
        explain=search.explain or None,
        order=search.order if located or search.order is not SearchOrder.DISTANCE else SearchOrder.BEST,
    )


def _is_usual(search: CaregiverSearch) -> bool:
    """Whether it is worth remembering. Cursors and fractions are free to vary without end: first pages in whole
    kilometres, whole euros and half stars are what people ask for again. Who is free is never remembered: every booking
    nearby makes it untrue, time does, and hardly two people ask for the same period."""
    steps = (
        search.radius_km or 0.0,
        (search.min_price_cents or 0) / _PRICE_STEP_CENTS,
        (search.max_price_cents or 0) / _PRICE_STEP_CENTS,
        (search.min_rating or 0.0) / _RATING_STEP,
    )
    return search.after is None and search.free is None and all(step == int(step) for step in steps)


def _plain(value: object) -> str:
    return str(value.value) if isinstance(value, Enum) else str(value)
