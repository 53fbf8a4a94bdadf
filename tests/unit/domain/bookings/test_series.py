"""Dates of a series, by wall clock."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.availability.availability import OutsideOpenHours
from domain.bookings.booking_refusals import SlotTaken
from domain.bookings.free_periods import CaregiverCalendar, Occupancy
from domain.bookings.promotion import Promotion, PromotionUses
from domain.bookings.request_rules import BeyondHorizon
from domain.bookings.series import (
    MAX_DATES,
    Recurrence,
    SeriesDate,
    SeriesEndsTooEarly,
    SeriesTooLong,
    plan_series,
    recurring,
    with_promotion,
)
from domain.caregivers.services import Service
from domain.shared.money import Money
from domain.shared.period import Period
from tests.support.builders import OWNER, a_caregiver, a_pet, a_promotion, an_availability

BRUSSELS = "Europe/Brussels"
ZONE = ZoneInfo(BRUSSELS)


def local(year: int, month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ZONE)


def walls(periods: list[Period]) -> list[str]:
    return [f"{period.local_start(BRUSSELS):%Y-%m-%d %H:%M}-{period.local_end(BRUSSELS):%H:%M}" for period in periods]


def test_a_weekly_walk_keeps_its_hour_when_clocks_go_forward_and_back() -> None:
    first = Period(local(2027, 3, 21), local(2027, 3, 21, 10))
    found = recurring(first, Recurrence.WEEKLY, until=date(2027, 4, 4), time_zone=BRUSSELS)
    assert walls(found) == ["2027-03-21 09:00-10:00", "2027-03-28 09:00-10:00", "2027-04-04 09:00-10:00"]
    assert [period.start.hour for period in found] == [8, 7, 7]
    back = Period(local(2027, 10, 24), local(2027, 10, 24, 10))
    found = recurring(back, Recurrence.WEEKLY, until=date(2027, 10, 31), time_zone=BRUSSELS)
    assert [period.start.hour for period in found] == [7, 8]


def test_every_second_week_skips_one() -> None:
    first = Period(local(2027, 1, 4), local(2027, 1, 4, 10))
    found = recurring(first, Recurrence.BIWEEKLY, until=date(2027, 2, 1), time_zone=BRUSSELS)
    assert [period.local_start(BRUSSELS).date() for period in found] == [
        date(2027, 1, 4),
        date(2027, 1, 18),
        date(2027, 2, 1),
    ]


def test_a_month_without_the_day_is_left_out() -> None:
    first = Period(local(2027, 1, 31), local(2027, 1, 31, 10))
    found = recurring(first, Recurrence.MONTHLY, until=date(2027, 5, 30), time_zone=BRUSSELS)
    assert [period.local_start(BRUSSELS).date() for period in found] == [date(2027, 1, 31), date(2027, 3, 31)]


def test_a_stay_keeps_its_nights() -> None:
    first = Period(local(2027, 3, 20, 18), local(2027, 3, 22, 8))
    found = recurring(first, Recurrence.WEEKLY, until=date(2027, 3, 27), time_zone=BRUSSELS)
    assert walls(found) == ["2027-03-20 18:00-08:00", "2027-03-27 18:00-08:00"]
    assert [period.midnights(BRUSSELS) for period in found] == [2, 2]


def test_an_hour_that_is_skipped_is_moved_on_and_one_that_comes_twice_is_the_first() -> None:
    skipped = Period(local(2027, 3, 21, 2, 30), local(2027, 3, 21, 3))
    found = recurring(skipped, Recurrence.WEEKLY, until=date(2027, 3, 28), time_zone=BRUSSELS)
    assert found[1] == Period(datetime(2027, 3, 28, 1, 30, tzinfo=UTC), datetime(2027, 3, 28, 2, tzinfo=UTC))
    twice = Period(local(2027, 10, 24, 2, 15), local(2027, 10, 24, 2, 45))
    found = recurring(twice, Recurrence.WEEKLY, until=date(2027, 10, 31), time_zone=BRUSSELS)
    assert found[1].start == datetime(2027, 10, 31, 0, 15, tzinfo=UTC)


def test_a_series_has_at_most_52_dates_and_does_not_end_before_it_begins() -> None:
    first = Period(local(2027, 1, 4), local(2027, 1, 4, 10))
    year = recurring(first, Recurrence.WEEKLY, until=date(2027, 12, 27), time_zone=BRUSSELS)
    assert len(year) == MAX_DATES
    with pytest.raises(SeriesTooLong) as too_long:
        recurring(first, Recurrence.WEEKLY, until=date(2028, 1, 3), time_zone=BRUSSELS)
    assert too_long.value.field == "until"
    with pytest.raises(SeriesTooLong):
        recurring(first, Recurrence.MONTHLY, until=date.max, time_zone=BRUSSELS)
    with pytest.raises(SeriesEndsTooEarly) as too_early:
        recurring(first, Recurrence.WEEKLY, until=date(2027, 1, 3), time_zone=BRUSSELS)
    assert too_early.value.field == "until"


def test_months_go_on_over_the_new_year() -> None:
    first = Period(local(2026, 11, 15), local(2026, 11, 15, 10))
    found = recurring(first, Recurrence.MONTHLY, until=date(2027, 2, 15), time_zone=BRUSSELS)
    days = [period.local_start(BRUSSELS).date() for period in found]
    assert days == [date(2026, 11, 15), date(2026, 12, 15), date(2027, 1, 15), date(2027, 2, 15)]


def planned(periods: list[Period], *, taken: list[Occupancy], pets: int = 2) -> list[SeriesDate]:
    """For a caregiver of three animals at once, open always but for the 25th of January."""
    return plan_series(
        periods,
        owner=OWNER,
        caregiver=a_caregiver(),
        calendar=CaregiverCalendar(
            availability=an_availability("00:00-24:00", exceptions={date(2027, 1, 25): ()}),
            services=frozenset({Service.DOG_WALKING}),
            max_animals=3,
            taken=taken,
        ),
        service=Service.DOG_WALKING,
        pets=[a_pet(name) for name in ("Rex", "Bella", "Fido")[:pets]],
        now=local(2027, 1, 1),
        is_holiday=lambda _: False,
    )


def test_each_date_has_its_price_and_why_it_cannot_be_booked() -> None:
    periods = [Period(local(2027, 1, day), local(2027, 1, day, 10)) for day in (4, 11, 18, 25)]
    far = Period(local(2028, 1, 3), local(2028, 1, 3, 10))
    dates = planned([*periods, far], taken=[Occupancy(periods[1], 2), Occupancy(periods[2], 1)])
    assert [each.period for each in dates] == [*periods, far]
    assert [each.refusal if each.refusal is None else type(each.refusal) for each in dates] == [
        None,
        SlotTaken,
        None,
        OutsideOpenHours,
        BeyondHorizon,
    ]
    assert {each.price.gross for each in dates} == {dates[0].price.gross}
    assert dates[0].price.gross > Money(0)


def test_dates_of_a_series_that_overlap_count_together() -> None:
    """Only those that are booked: the second finds no room beside the first, the third finds what the second left."""
    first = Period(local(2027, 1, 4, 9), local(2027, 1, 4, 12))
    second = Period(local(2027, 1, 4, 11), local(2027, 1, 4, 15))
    third = Period(local(2027, 1, 4, 14), local(2027, 1, 4, 16))
    refusals = [each.refusal for each in planned([first, second, third], taken=[])]
    assert [refusal is None for refusal in refusals] == [True, False, True]
    assert [each.refusal for each in planned([first, second, third], taken=[], pets=1)] == [None] * 3


UNUSED = PromotionUses(in_all=0, of_owner=0)


@pytest.mark.parametrize(
    ("promotion", "uses", "cheaper"),
    [
        (a_promotion(), UNUSED, [0]),
        (a_promotion(), PromotionUses(in_all=1, of_owner=1), []),
        (a_promotion(once_per_owner=False), PromotionUses(in_all=9, of_owner=9), [0, 2, 4]),
        (a_promotion(once_per_owner=False, max_uses=2), UNUSED, [0, 2]),
        (a_promotion(once_per_owner=False, max_uses=2), PromotionUses(in_all=1, of_owner=0), [0]),
        (a_promotion(once_per_owner=False, max_uses=2), PromotionUses(in_all=2, of_owner=0), []),
    ],
)
def test_the_earliest_free_dates_are_cheaper_as_often_as_uses_are_left(
    promotion: Promotion, uses: PromotionUses, cheaper: list[int]
) -> None:
    periods = [Period(local(2027, 1, day), local(2027, 1, day, 10)) for day in (4, 11, 18, 25, 26)]
    dates = planned(periods, taken=[Occupancy(periods[1], 2)])
    found = with_promotion(dates, promotion, uses)
    assert [(each.period, each.refusal) for each in found] == [(each.period, each.refusal) for each in dates]
    assert [at for at, each in enumerate(found) if each.price.promotion_id == promotion.id] == cheaper
    for at, (each, full) in enumerate(zip(found, dates, strict=True)):
        assert each.price.gross == (full.price.gross.share(9, 10) if at in cheaper else full.price.gross)


def test_a_date_of_which_nothing_is_taken_off_uses_no_promotion_up() -> None:
    dates = planned([Period(local(2027, 1, day), local(2027, 1, day, 10)) for day in (4, 11)], taken=[])
    cheap = replace(dates[0], price=replace(dates[0].price, gross=Money(100)))
    found = with_promotion([cheap, dates[1]], a_promotion(), UNUSED)
    assert [each.price.promotion_id is not None for each in found] == [False, True]


@given(
    minute=st.integers(0, 2 * 365 * 24 * 60),
    minutes=st.integers(15, 3 * 24 * 60),
    recurrence=st.sampled_from(Recurrence),
    weeks=st.integers(0, 40),
)
def test_dates_follow_each_other_at_the_same_wall_clock_hours(
    minute: int, minutes: int, recurrence: Recurrence, weeks: int
) -> None:
    begins = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    first = Period(begins, begins + timedelta(minutes=minutes))
    until = first.local_start(BRUSSELS).date() + timedelta(weeks=weeks)
    found = recurring(first, recurrence, until=until, time_zone=BRUSSELS)
    assert found[0] == first
    starts = [period.local_start(BRUSSELS) for period in found]
    assert starts == sorted(starts)
    assert all(at.date() <= until for at in starts)
    usual = [at for at in starts[1:] if at.hour not in (2, 3)]
    assert all(at.time() == starts[0].time() for at in usual)
