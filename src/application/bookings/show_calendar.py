"""A month of somebody's bookings, day by day."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from application.ports.booking_queries import BookingQueries, BookingView
from domain.bookings.booking_life import ActorRole, BookingStatus
from domain.caregivers.services import Service
from domain.shared.actor import Actor
from domain.shared.errors import InvalidInput
from domain.shared.period import EARLIEST_YEAR, LATEST_YEAR, Period

# No zone is further from UTC, so that no booking of the month is missed.
_MARGIN = timedelta(days=1)


class MonthNotUsable(InvalidInput):
    title = "A month is a year of our time and a month of it, such as 2026-12"


class CalendarEntry(Struct, frozen=True, kw_only=True, rename="camel"):
    """A booking as a day shows it. `role` is the viewer's; `display_name` the other party's."""

    id: UUID
    role: ActorRole
    status: BookingStatus
    service: Service
    start_at: datetime
    end_at: datetime
    display_name: str
    animals: int


class CalendarDay(Struct, frozen=True, kw_only=True, rename="camel"):
    """`animals` is how many are looked after that day, not necessarily at the same time."""

    date: date
    animals: int
    bookings: list[CalendarEntry]


class CalendarMonth(Struct, frozen=True, kw_only=True, rename="camel"):
    """Every day of the month. A booking is on each day it touches in its own time zone."""

    month: str
    days: list[CalendarDay]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCalendar:
    """What takes a place in the month; declined, expired and cancelled bookings do not."""

    queries: BookingQueries

    async def execute(self, *, viewer: Actor, role: ActorRole | None, month: str) -> CalendarMonth:
        """`month` as `2026-12`. Raises MonthNotUsable (field `month`)."""
        days = _days_of(month)
        midnight = datetime.combine(days[0], time(), UTC)
        around = Period(midnight - _MARGIN, midnight + timedelta(days=len(days)) + _MARGIN)
        entries = _by_day(await self.queries.occupying(viewer=viewer, role=role, period=around), viewer)
        return CalendarMonth(
            month=month,
            days=[
                CalendarDay(date=day, animals=sum(entry.animals for entry in entries[day]), bookings=entries[day])
                for day in days
            ],
        )


def _days_of(month: str) -> list[date]:
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise MonthNotUsable(field="month") from None
    if not EARLIEST_YEAR < first.year < LATEST_YEAR:
        raise MonthNotUsable(field="month")
    following = (first + timedelta(days=31)).replace(day=1)
    return [first + timedelta(days=day) for day in range((following - first).days)]


def _by_day(bookings: Sequence[BookingView], viewer: Actor) -> dict[date, list[CalendarEntry]]:
    entries: dict[date, list[CalendarEntry]] = defaultdict(list)
    for booking in bookings:
        zone = ZoneInfo(booking.time_zone)
        day = booking.start_at.astimezone(zone).date()
        # What ends at midnight is not on the day that begins then.
        last = (booking.end_at - timedelta.resolution).astimezone(zone).date()
        while day <= last:
            entries[day].append(_entry(booking, viewer))
            day += timedelta(days=1)
    return entries


def _entry(booking: BookingView, viewer: Actor) -> CalendarEntry:
    owns = booking.owner.id == viewer.account_id
    return CalendarEntry(
        id=booking.id,
        role=ActorRole.OWNER if owns else ActorRole.CAREGIVER,
        status=booking.status,
        service=booking.service,
        start_at=booking.start_at,
        end_at=booking.end_at,
        display_name=(booking.caregiver if owns else booking.owner).display_name,
        animals=len(booking.pets),
    )
