"""Anybody looks when a caregiver can still be booked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

import msgspec
from msgspec import UNSET, Struct, UnsetType

from application.cache_tags import calendar_tag, caregiver_tag
from application.cached_read import CachedRead
from application.encoded_answer import encoded
from application.ports.cache import ABSENT, Cache
from application.ports.calendar_queries import CalendarQueries
from application.ports.clock import Clock
from domain.bookings.free_periods import FreePeriod, Moments
from domain.caregivers.caregiver_profile import CaregiverNotFound
from domain.caregivers.services import PricedUnit, Service
from domain.shared.actor import CaregiverId
from domain.shared.errors import InvalidInput
from domain.shared.period import Period

LONGEST_LOOK = timedelta(days=62)
FREE_PERIODS_SECONDS = 5 * 60
# A life is counted from the end of the load, what is free from its beginning.
LOADING_SECONDS = 20
_STEP = timedelta(seconds=FREE_PERIODS_SECONDS)


class LookTooLong(InvalidInput):
    title = "Free periods are shown for at most 62 days at once"


class MomentsView(Struct, frozen=True, kw_only=True, rename="camel"):
    """From the first to the last instant, both included."""

    start_at: datetime
    end_at: datetime


class FreePeriodView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whatever lies inside can be booked. Services by the night also begin in one of the arrivals and end in one of
    the departures; other services have neither."""

    start_at: datetime
    end_at: datetime
    arrivals: list[MomentsView] | UnsetType = UNSET
    departures: list[MomentsView] | UnsetType = UNSET


class FreePeriodsView(Struct, frozen=True, kw_only=True, rename="camel"):
    """All of them, earliest first; there are no further pages. `unit` says what is priced, `time_zone` whose days and
    nights count."""

    service: Service
    unit: PricedUnit
    time_zone: str
    items: list[FreePeriodView]
    next_cursor: None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFreePeriods:
    """What is told stays true for as long as it is remembered: it begins no earlier than five to ten minutes from now.

    A period that somebody else books meanwhile, or that the caregiver closes, is forgotten at once.
    """

    queries: CalendarQueries
    cache: Cache
    clock: Clock

    def execute(self, *, caregiver_id: CaregiverId, service: Service, within: Period, pets: int) -> CachedRead:
        """The whole hours that `within` touches. Raises LookTooLong (field `to`); its answer CaregiverNotFound."""
        if within.duration > LONGEST_LOOK:
            raise LookTooLong(field="to")
        within = _in_whole_hours(within)

        async def load() -> bytes:
            try:
                return encoded(msgspec.json.encode(await self._look(caregiver_id, service, within, pets)))
            except CaregiverNotFound:
                return ABSENT

        return CachedRead(
            cache=self.cache,
            key=f"free:{caregiver_id}:{service}:{pets}:{within.start.isoformat()}:{within.end.isoformat()}",
            load=load,
            ttl_seconds=FREE_PERIODS_SECONDS - LOADING_SECONDS,
            tags=frozenset({caregiver_tag(caregiver_id), calendar_tag(caregiver_id)}),
            if_absent=_nobody,
        )

    async def _look(self, caregiver_id: CaregiverId, service: Service, within: Period, pets: int) -> FreePeriodsView:
        # Before the calendar is read: what it says must hold from then on.
        now = self.clock.now()
        calendar = await self.queries.calendar(caregiver_id, within)
        until = now - (now - datetime.min.replace(tzinfo=now.tzinfo)) % _STEP + 2 * _STEP
        free = calendar.free_periods(service, within, pets=pets, now=now, until=until)
        return FreePeriodsView(
            service=service,
            unit=service.unit,
            time_zone=calendar.availability.time_zone,
            items=[_view(period) for period in free],
        )


def _in_whole_hours(within: Period) -> Period:
    """There is no end of odd instants, and each would be looked up anew."""
    start, end = (at.replace(minute=0, second=0, microsecond=0) for at in (within.start, within.end))
    return Period(start, end if end == within.end else end + timedelta(hours=1))


def _view(free: FreePeriod) -> FreePeriodView:
    return FreePeriodView(
        start_at=free.period.start,
        end_at=free.period.end,
        arrivals=_moments(free.arrivals) or UNSET,
        departures=_moments(free.departures) or UNSET,
    )


def _moments(spans: tuple[Moments, ...]) -> list[MomentsView]:
    return [MomentsView(start_at=first, end_at=last) for first, last in spans]


def _nobody() -> NoReturn:
    raise CaregiverNotFound
