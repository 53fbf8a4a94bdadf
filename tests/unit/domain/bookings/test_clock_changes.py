"""The days on which clocks change, either side of midnight, whatever zone the server's own clock is in.

Expected instants are written out in UTC: on 2027-03-28 and on 2027-10-31 the clocks of Brussels and Amsterdam change at
01:00 UTC, from +1 to +2 hours and back.
"""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.bookings.cancellation import cancellation_terms, noon_before, refund_percent
from domain.bookings.free_periods import CaregiverCalendar
from domain.bookings.pricing import price_quote
from domain.bookings.request_rules import MAX_NIGHTS, TooManyNights, check_period
from domain.caregivers.caregiver_profile import CancellationPolicy
from domain.caregivers.services import Service
from domain.shared.money import Money
from domain.shared.period import AMSTERDAM, BRUSSELS, TIME_ZONES, Period
from infrastructure.clock.system_clock import SystemClock
from tests.support.builders import an_availability, an_offer
from tests.support.server_zone import AUCKLAND, server_zone

__all__ = ["server_zone"]

NOW = datetime(2027, 3, 1, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def between(start: str, end: str) -> Period:
    return Period(utc(start), utc(end))


def test_the_servers_zone_is_really_another(server_zone: str) -> None:
    offset = datetime(2027, 3, 28).astimezone().utcoffset()
    assert offset == timedelta(hours=13 if server_zone == AUCKLAND else 0)
    assert abs(SystemClock().now() - datetime.fromtimestamp(time.time(), UTC)) < timedelta(minutes=1)


def test_instants_are_told_in_utc_and_not_in_the_servers_zone() -> None:
    elsewhere = utc("2027-03-28T08:00").astimezone(timezone(timedelta(hours=5)))
    period = Period(elsewhere, elsewhere + timedelta(hours=1))
    told = (period.start, period.end, noon_before(period.start, BRUSSELS, days=1))
    assert [instant.utcoffset() for instant in told] == [timedelta()] * 3


@pytest.mark.parametrize("time_zone", TIME_ZONES)
@pytest.mark.parametrize(
    ("start", "end", "nights"),
    [
        # In local time: 27th 23:59 to 28th 00:01; 28th 00:00 to 24:00 and to 00:01 after; 27th 20:00 to 29th 08:00.
        ("2027-03-27T22:59", "2027-03-27T23:01", 1),
        ("2027-03-27T23:00", "2027-03-28T21:59", 1),
        ("2027-03-27T23:00", "2027-03-28T22:00", 1),
        ("2027-03-27T22:59", "2027-03-28T22:00", 2),
        ("2027-03-27T19:00", "2027-03-29T06:00", 2),
        # 30th 23:59 to 31st 00:01; 31st 00:00 to 24:00; 30th 20:00 to 1st 08:00.
        ("2027-10-30T21:59", "2027-10-30T22:01", 1),
        ("2027-10-30T22:00", "2027-10-31T23:00", 1),
        ("2027-10-30T21:59", "2027-10-31T23:00", 2),
        ("2027-10-30T18:00", "2027-11-01T07:00", 2),
    ],
)
def test_nights_are_local_midnights(start: str, end: str, nights: int, time_zone: str) -> None:
    price = price_quote(
        offer=an_offer(Service.PET_BOARDING, price="30.00"),
        period=between(start, end),
        time_zone=time_zone,
        pet_count=1,
        is_holiday=lambda _: False,
    )
    assert price.gross == Money(3000 * nights)


@pytest.mark.parametrize(
    ("start", "end", "cents"),
    [
        # From local midnight to 04:00: three hours, five, and four on an ordinary day.
        ("2027-03-27T23:00", "2027-03-28T02:00", 3000),
        ("2027-10-30T22:00", "2027-10-31T03:00", 5000),
        ("2027-10-31T23:00", "2027-11-01T03:00", 4000),
        # Around the missing and the double hour: 01:30 to 03:30, and 02:30 to the second 02:30.
        ("2027-03-28T00:30", "2027-03-28T01:30", 1000),
        ("2027-10-31T00:30", "2027-10-31T01:30", 1000),
    ],
)
def test_hours_cost_what_they_last(start: str, end: str, cents: int) -> None:
    price = price_quote(
        offer=an_offer(price="10.00"),
        period=between(start, end),
        time_zone=BRUSSELS,
        pet_count=1,
        is_holiday=lambda _: False,
    )
    assert price.gross == Money(cents)


@pytest.mark.parametrize(
    ("start", "holiday", "surcharged"),
    [
        # A walk of two hours over local midnight, the new day a holiday: half of it. On the 31st that day has 25 hours.
        ("2027-03-27T22:00", "2027-03-28", 2),
        ("2027-10-30T21:00", "2027-10-31", 2),
        ("2027-10-31T22:00", "2027-10-31", 2),
        ("2027-10-31T22:00", "2027-11-01", 2),
        ("2027-03-28T21:00", "2027-03-29", 2),
    ],
)
def test_a_half_hour_belongs_to_the_local_day_it_begins_on(start: str, holiday: str, surcharged: int) -> None:
    period = Period(utc(start), utc(start) + timedelta(hours=2))
    price = price_quote(
        offer=an_offer(price="10.00", holiday_surcharge_percent=100),
        period=period,
        time_zone=AMSTERDAM,
        pet_count=1,
        is_holiday=lambda day: day.isoformat() == holiday,
    )
    assert price.line_items[1].half_units == surcharged


@pytest.mark.parametrize(
    ("start", "deadline"),
    [
        # Winter until the deadline, summer at the start; then both in summer. The last minute of a day and the next.
        ("2027-03-28T08:00", "2027-03-27T11:00"),
        ("2027-03-28T21:59", "2027-03-27T11:00"),
        ("2027-03-28T22:00", "2027-03-28T10:00"),
        ("2027-03-27T22:59", "2027-03-26T11:00"),
        ("2027-03-27T23:00", "2027-03-27T11:00"),
        # Summer until the deadline, winter at the start; then both in winter.
        ("2027-10-31T08:00", "2027-10-30T10:00"),
        ("2027-10-31T22:59", "2027-10-30T10:00"),
        ("2027-10-31T23:00", "2027-10-31T11:00"),
        ("2027-10-30T21:59", "2027-10-29T10:00"),
        ("2027-10-30T22:00", "2027-10-30T10:00"),
    ],
)
def test_noon_of_the_day_before_is_noon_by_the_local_clock(start: str, deadline: str) -> None:
    assert noon_before(utc(start), BRUSSELS, days=1) == utc(deadline)
    policy, at = CancellationPolicy.FLEXIBLE, utc(deadline)
    for moment, percent in ((at, 100), (at + A_MOMENT, 50)):
        assert refund_percent(policy, start=utc(start), time_zone=BRUSSELS, at=moment) == percent
        terms = cancellation_terms(
            policy=policy,
            captured=Money(3333),
            refunded=Money(0),
            start=utc(start),
            time_zone=BRUSSELS,
            at=moment,
            caregiver_fault=False,
        )
        assert (terms.deadline, terms.refund) == (at, Money(3333 if percent == 100 else 1667))


@pytest.mark.parametrize(
    ("start", "full", "half"),
    [
        ("2027-04-04T08:00", "2027-03-21T11:00", "2027-03-28T10:00"),
        ("2027-11-07T09:00", "2027-10-24T10:00", "2027-10-31T11:00"),
    ],
)
def test_weeks_before_are_counted_in_local_days(start: str, full: str, half: str) -> None:
    for at, percent in ((full, 100), (half, 50)):
        strict = {"start": utc(start), "time_zone": AMSTERDAM}
        assert refund_percent(CancellationPolicy.STRICT, **strict, at=utc(at)) == percent
        assert refund_percent(CancellationPolicy.STRICT, **strict, at=utc(at) + A_MOMENT) < percent
    assert noon_before(utc(start), AMSTERDAM, days=7) == utc(half)


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        ("2027-03-27", "2027-03-27T00:30", "2027-03-27T03:00"),
        ("2027-03-28", "2027-03-28T00:30", "2027-03-28T02:00"),
        ("2027-03-29", "2027-03-28T23:30", "2027-03-29T02:00"),
        ("2027-10-30", "2027-10-29T23:30", "2027-10-30T02:00"),
        ("2027-10-31", "2027-10-30T23:30", "2027-10-31T03:00"),
        ("2027-11-01", "2027-11-01T00:30", "2027-11-01T03:00"),
    ],
)
def test_open_hours_are_local_on_every_day_around(day: str, opens: str, closes: str) -> None:
    """From 01:30 to 04:00: two and a half hours, an hour less and an hour more."""
    availability = an_availability("01:30-04:00")
    period = between(opens, closes)
    assert availability.openings(utc(day).date(), utc(day).date()) == [period]
    assert availability.refusal(period, Service.DOG_WALKING, NOW) is None
    for earlier, later in ((A_MOMENT, timedelta()), (timedelta(), A_MOMENT)):
        beyond = Period(period.start - earlier, period.end + later)
        assert availability.refusal(beyond, Service.DOG_WALKING, NOW) is not None
    calendar = CaregiverCalendar(
        availability=availability, services=frozenset({Service.DOG_WALKING}), max_animals=1, taken=()
    )
    around = Period(period.start - timedelta(hours=1), period.end + timedelta(hours=1))
    (free,) = calendar.free_periods(Service.DOG_WALKING, around, pets=1, now=NOW, until=NOW)
    assert free.period == period


def test_thirty_nights_are_thirty_over_a_change_of_the_clocks() -> None:
    for start, end in (("2027-03-27T19:00", "2027-04-26T21:59"), ("2027-10-30T18:00", "2027-11-29T22:59")):
        longest = between(start, end)
        assert longest.midnights(BRUSSELS) == MAX_NIGHTS
        check_period(longest, time_zone=BRUSSELS, now=NOW)
        with pytest.raises(TooManyNights):
            check_period(Period(longest.start, longest.end + timedelta(minutes=1)), time_zone=BRUSSELS, now=NOW)


def test_a_vacation_ends_with_the_local_day_on_which_clocks_change() -> None:
    for day, over in (("2027-03-28", "2027-03-28T22:00"), ("2027-10-31", "2027-10-31T23:00")):
        availability = an_availability("00:00-24:00", vacation_until=utc(day).date())
        assert availability.earliest_start(NOW) == utc(over)
        first, too_early = Period(utc(over), utc(over) + A_MOMENT), Period(utc(over) - A_MOMENT, utc(over))
        assert availability.refusal(first, Service.DOG_WALKING, NOW) is None
        assert availability.refusal(too_early, Service.DOG_WALKING, NOW) is not None
