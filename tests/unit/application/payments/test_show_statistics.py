"""What an admin is told of the business."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from application.payments.show_statistics import PeriodNotUsable, ShowStatistics
from application.ports.revenue_queries import Revenue, RevenueQueries, UserCounts
from domain.bookings.booking_life import BookingStatus
from domain.shared.errors import InvalidInput, NotAllowed
from domain.shared.money import Money
from domain.shared.period import InstantNotUsable, Period
from infrastructure.cache.in_memory_cache import InMemoryCache
from infrastructure.clock.settable_clock import SettableClock
from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from tests.support.builders import ADMIN, OWNER

# Half an hour after midnight in Brussels.
NOW = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)


@dataclass
class PlayedQueries(RevenueQueries):
    earned: Revenue = field(default_factory=lambda: Revenue(gmv=Money(3333), commission=Money(667)))
    by_hour: Mapping[datetime, int] = field(default_factory=dict[datetime, int])
    asked: list[Period] = field(default_factory=list[Period])

    async def revenue(self, period: Period) -> Revenue:
        self.asked.append(period)
        return self.earned

    async def bookings_by_status(self, period: Period) -> Mapping[BookingStatus, int]:
        del period
        return {BookingStatus.PAID: 2, BookingStatus.DECLINED: 1}

    async def bookings_by_hour(self, period: Period) -> Mapping[datetime, int]:
        del period
        return self.by_hour

    async def users(self, period: Period) -> UserCounts:
        del period
        return UserCounts(total=9, owners=5, caregivers=3, approved_caregivers=2, admins=1, registered=4)


def use_case(queries: RevenueQueries) -> ShowStatistics:
    clock = SettableClock(NOW)
    return ShowStatistics(queries=queries, cache=InMemoryCache(InMemoryMetrics()), clock=clock)


async def test_by_default_it_is_the_last_thirty_days_of_brussels() -> None:
    queries = PlayedQueries()
    found = await use_case(queries).execute(admin=ADMIN)
    assert queries.asked == [Period(datetime(2026, 11, 1, 23, tzinfo=UTC), NOW)]
    days = [day.date for day in found.bookings.per_day]
    assert (days[0], days[-1], len(days)) == (date(2026, 11, 2), date(2026, 12, 1), 30)


async def test_it_adds_up() -> None:
    hours = {datetime(2026, 11, 30, 22, tzinfo=UTC): 1, datetime(2026, 11, 30, 23, tzinfo=UTC): 2}
    found = await use_case(PlayedQueries(by_hour=hours)).execute(admin=ADMIN)
    assert (found.gmv.amount_cents, found.commission.amount_cents, found.take_rate) == (3333, 667, 0.2001)
    assert (found.bookings.total, sum(found.bookings.by_status.values())) == (3, 3)
    assert found.bookings.by_status[BookingStatus.EXPIRED] == 0
    assert [day.bookings for day in found.bookings.per_day[-2:]] == [1, 2]


async def test_without_income_the_take_rate_is_zero() -> None:
    found = await use_case(PlayedQueries(Revenue(gmv=Money(-5), commission=Money(-1)))).execute(admin=ADMIN)
    assert found.take_rate == 0


async def test_a_day_of_which_no_instant_is_asked_for_is_not_listed() -> None:
    start, end = datetime(2026, 11, 1, 23, tzinfo=UTC), datetime(2026, 11, 2, 23, tzinfo=UTC)
    found = await use_case(PlayedQueries()).execute(admin=ADMIN, starts=start, ends=end)
    assert [day.date for day in found.bookings.per_day] == [date(2026, 11, 2)]


async def test_it_is_asked_once_a_minute_and_for_each_period() -> None:
    queries = PlayedQueries()
    shown = use_case(queries)
    first = await shown.execute(admin=ADMIN)
    queries.earned = Revenue(gmv=Money(1), commission=Money(0))
    assert await shown.execute(admin=ADMIN) == first
    assert len(queries.asked) == 1
    assert (await shown.execute(admin=ADMIN, starts=NOW - timedelta(days=1))).gmv.amount_cents == 1


@pytest.mark.parametrize(
    ("starts", "ends", "error", "name"),
    [
        (NOW, NOW, PeriodNotUsable, "from"),
        (NOW - timedelta(days=366, microseconds=1), NOW, PeriodNotUsable, "from"),
        (NOW.replace(tzinfo=None), None, InstantNotUsable, "from"),
        (None, NOW.replace(year=1999), InstantNotUsable, "to"),
    ],
)
async def test_a_period_that_means_nothing_is_refused(
    starts: datetime | None, ends: datetime | None, error: type[InvalidInput], name: str
) -> None:
    with pytest.raises(error) as refused:
        await use_case(PlayedQueries()).execute(admin=ADMIN, starts=starts, ends=ends)
    assert refused.value.field == name


async def test_only_admins_are_told() -> None:
    with pytest.raises(NotAllowed):
        await use_case(PlayedQueries()).execute(admin=OWNER)
