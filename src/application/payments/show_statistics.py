"""An admin looks at the business."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from application.ports.cache import Cache
from application.ports.clock import Clock
from application.ports.revenue_queries import RevenueQueries, UserCounts
from application.ports.views import MoneyView
from domain.bookings.booking_life import BookingStatus
from domain.shared.actor import Actor, require_admin
from domain.shared.errors import InvalidInput
from domain.shared.period import BRUSSELS, Period, checked_instant

STATISTICS_SECONDS = 60
DEFAULT_DAYS = 30
MOST_DAYS = 366
# Whoever runs the platform lives there.
_ZONE = ZoneInfo(BRUSSELS)


class PeriodNotUsable(InvalidInput):
    title = "The period must begin before it ends, and may be a year long at most"


class BookingsOfDay(Struct, frozen=True, kw_only=True):
    """`date` is a day in Brussels."""

    date: date
    bookings: int


class BookingStatistics(Struct, frozen=True, kw_only=True, rename="camel"):
    """Of the bookings requested in the period; every day of it is there."""

    total: int
    by_status: dict[BookingStatus, int]
    per_day: list[BookingsOfDay]


class Statistics(Struct, frozen=True, kw_only=True, rename="camel"):
    """From `starts_at` on, until before `ends_at`. `take_rate` is commission by gmv, 0 to 1; 0 without gmv."""

    starts_at: datetime = msgspec.field(name="from")
    ends_at: datetime = msgspec.field(name="to")
    gmv: MoneyView
    commission: MoneyView
    take_rate: float
    bookings: BookingStatistics
    users: UserCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowStatistics:
    """Remembered for a minute: no write makes it untrue before that."""

    queries: RevenueQueries
    cache: Cache
    clock: Clock

    async def execute(
        self, *, admin: Actor, starts: datetime | None = None, ends: datetime | None = None
    ) -> Statistics:
        """Without `ends` until now, without `starts` the last thirty days, that of the end included. Raises
        PeriodNotUsable and InstantNotUsable (fields `from` and `to`)."""
        require_admin(admin)
        end = self.clock.now() if ends is None else checked_instant(ends, field="to")
        start = first_instant(end, days=DEFAULT_DAYS) if starts is None else checked_instant(starts, field="from")
        if not start < end <= start + timedelta(days=MOST_DAYS):
            raise PeriodNotUsable(field="from")

        async def load() -> bytes:
            return msgspec.json.encode(await self._count(Period(start, end)))

        key = f"statistics:{start.isoformat()}:{'now' if ends is None else end.isoformat()}"
        found = await self.cache.get_or_load(key, load, ttl_seconds=STATISTICS_SECONDS, tags=())
        return msgspec.json.decode(found.value, type=Statistics)

    async def _count(self, period: Period) -> Statistics:
        revenue = await self.queries.revenue(period)
        by_status = await self.queries.bookings_by_status(period)
        gmv, commission = revenue.gmv.amount_cents, revenue.commission.amount_cents
        return Statistics(
            starts_at=period.start,
            ends_at=period.end,
            gmv=MoneyView.of(revenue.gmv),
            commission=MoneyView.of(revenue.commission),
            take_rate=round(commission / gmv, 4) if gmv > 0 else 0.0,
            bookings=BookingStatistics(
                total=sum(by_status.values()),
                by_status={status: by_status.get(status, 0) for status in BookingStatus},
                per_day=_by_day(await self.queries.bookings_by_hour(period), period),
            ),
            users=await self.queries.users(period),
        )


def first_instant(end: datetime, *, days: int) -> datetime:
    """The beginning, in Brussels, of the first of so many days, of which that of `end` is the last."""
    first = end.astimezone(_ZONE).date() - timedelta(days=days - 1)
    return datetime.combine(first, time(), _ZONE)


def _by_day(by_hour: Mapping[datetime, int], period: Period) -> list[BookingsOfDay]:
    """Brussels is whole hours away from UTC, so that no hour belongs to two days."""
    counts: Counter[date] = Counter()
    for hour, bookings in by_hour.items():
        counts[hour.astimezone(_ZONE).date()] += bookings
    first, last = (instant.astimezone(_ZONE).date() for instant in (period.start, period.end - timedelta.resolution))
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [BookingsOfDay(date=day, bookings=counts[day]) for day in days]
