"""When a caregiver can still be booked: what is told free here is what a request accepts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from domain.availability.availability import Availability
from domain.bookings.request_rules import HORIZON, MAX_NIGHTS
from domain.caregivers.services import PricedUnit, Service
from domain.shared.period import Period

Moments = tuple[datetime, datetime]
"""From the first to the last instant, both included; they may be the same."""


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Time that a booking takes, and how many animals it brings."""

    period: Period
    animals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FreePeriod:
    """Whatever lies within `period` can be booked, if it has at most 30 nights.

    A stay (services by the night) must also begin in one of the `arrivals` and end in one of the `departures`; other
    services have none.
    """

    period: Period
    arrivals: tuple[Moments, ...] = ()
    departures: tuple[Moments, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaregiverCalendar:
    """A caregiver's open hours and what they are taken up by, in the time that was looked at.

    `services` are those offered; none while the caregiver cannot be booked at all.
    """

    availability: Availability
    services: frozenset[Service]
    max_animals: int
    taken: Sequence[Occupancy] = ()

    def can_take(self, period: Period, service: Service | None, *, pets: int, now: datetime) -> bool:
        """Whether a request for the period is accepted now; without a service, for any that is offered."""
        if period.midnights(self.availability.time_zone) > MAX_NIGHTS:
            return False
        wanted = self.services if service is None else self.services & {service}
        # Availability tells services apart by their unit only.
        by_unit = {service.unit: service for service in wanted}
        if all(self.availability.refusal(period, service, now) is not None for service in by_unit.values()):
            return False
        return self.has_room(period, pets=pets)

    def has_room(self, period: Period, *, pets: int) -> bool:
        """Whether that many animals more are never too many."""
        return any(_contains(room, period) for room in self.rooms(period, pets=pets))

    def free_periods(
        self, service: Service, within: Period, *, pets: int, now: datetime, until: datetime
    ) -> list[FreePeriod]:
        """The longest possible, earliest first, of what begins and ends in `within`; true from `now` until just
        before `until`."""
        start = max(within.start, self.availability.earliest_start(until))
        end = min(within.end, now + HORIZON)
        if service not in self.services or start >= end:
            return []
        rooms = self.rooms(Period(start, end), pets=pets)
        days = Period(start, end).local_dates(self.availability.time_zone)
        openings = self.availability.openings(days[0] - timedelta(days=1), days[-1])
        if service.unit is PricedUnit.NIGHT:
            closed = [day for day in days if not self.availability.hours_on(day)]
            return [stay for room in self._without_closed_days(rooms, closed) for stay in _stays(room, openings)]
        return [FreePeriod(period=common) for room in rooms for common in _intersections(room, openings)]

    def rooms(self, within: Period, *, pets: int) -> list[Period]:
        """The parts of a period in which that many animals more are never too many."""
        changes = Counter({within.start: pets, within.end: 0})
        for taken in self.taken:
            if taken.period.overlaps(within):
                changes[max(within.start, taken.period.start)] += taken.animals
                changes[min(within.end, taken.period.end)] -= taken.animals
        rooms: list[Period] = []
        together = 0
        for begin, end in pairwise(sorted(changes)):
            together += changes[begin]
            if together > self.max_animals:
                continue
            start = rooms.pop().start if rooms and rooms[-1].end == begin else begin
            rooms.append(Period(start, end))
        return rooms

    def _without_closed_days(self, rooms: Iterable[Period], closed: Sequence[date]) -> list[Period]:
        """Cut at the beginning of each closed day: no stay has one inside, but one may end or begin right there."""
        midnights = [self.availability.midnight(day) for day in closed]
        cut: list[Period] = []
        for room in rooms:
            inside = (midnight for midnight in midnights if room.start < midnight < room.end)
            cut += [Period(begin, end) for begin, end in pairwise((room.start, *inside, room.end))]
        return cut


def _stays(room: Period, openings: Sequence[Period]) -> list[FreePeriod]:
    """The stays that a room has: one or none."""
    moments = [
        (max(room.start, opening.start), min(room.end, opening.end))
        for opening in openings
        if opening.start <= room.end and room.start <= opening.end
    ]
    if not moments or moments[0][0] == moments[-1][1]:
        return []
    start, end = moments[0][0], moments[-1][1]
    arrivals = tuple((first, last) for first, last in moments if first < end)
    departures = tuple((first, last) for first, last in moments if last > start)
    return [FreePeriod(period=Period(start, end), arrivals=arrivals, departures=departures)]


def _intersections(room: Period, openings: Iterable[Period]) -> list[Period]:
    return [
        Period(max(room.start, opening.start), min(room.end, opening.end))
        for opening in openings
        if opening.overlaps(room)
    ]


def _contains(room: Period, period: Period) -> bool:
    return room.start <= period.start and period.end <= room.end
