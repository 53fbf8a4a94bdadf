"""What is told free is what a request accepts, and the other way round."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from domain.availability.availability import Availability
from domain.availability.open_hours import OpenHours
from domain.bookings.free_periods import CaregiverCalendar, FreePeriod, Occupancy
from domain.bookings.request_rules import HORIZON
from domain.caregivers.services import PricedUnit, Service
from domain.shared.period import AMSTERDAM, BRUSSELS, Period
from tests.support.builders import NOW, an_availability, local, open_hours, period_of

WALK, BOARDING = Service.DOG_WALKING, Service.PET_BOARDING


def a_calendar(availability: Availability, *taken: Occupancy, max_animals: int = 3) -> CaregiverCalendar:
    return CaregiverCalendar(
        availability=availability, services=frozenset({WALK, BOARDING}), max_animals=max_animals, taken=taken
    )


def free(
    calendar: CaregiverCalendar, start: str, end: str, service: Service = WALK, *, pets: int = 1
) -> list[FreePeriod]:
    return calendar.free_periods(service, period_of(start, end), pets=pets, now=NOW, until=NOW)


def spans(found: list[FreePeriod]) -> list[tuple[str, str]]:
    return [(wall(period.period.start), wall(period.period.end)) for period in found]


def wall(instant: datetime) -> str:
    return f"{instant.astimezone(ZoneInfo(BRUSSELS)):%Y-%m-%d %H:%M}"


def walls(moments: tuple[tuple[datetime, datetime], ...]) -> list[tuple[str, str]]:
    return [(wall(first), wall(last)) for first, last in moments]


def test_open_hours_are_free_and_cut_to_what_was_asked() -> None:
    calendar = a_calendar(an_availability("08:00-12:00", "13:00-18:00"))
    assert spans(free(calendar, "2026-11-10 09:00", "2026-11-11 10:00")) == [
        ("2026-11-10 09:00", "2026-11-10 12:00"),
        ("2026-11-10 13:00", "2026-11-10 18:00"),
        ("2026-11-11 08:00", "2026-11-11 10:00"),
    ]


def test_hours_until_24_00_and_from_00_00_are_one_free_period() -> None:
    for late in ("20:00-24:00", "20:00-23:59"):
        calendar = a_calendar(an_availability("00:00-04:00", late))
        assert spans(free(calendar, "2026-11-10 12:00", "2026-11-11 12:00")) == [
            ("2026-11-10 20:00", "2026-11-11 04:00")
        ]


def test_what_others_booked_counts_by_animals_and_only_while_they_are_there() -> None:
    taken = Occupancy(period_of("2026-11-10 10:00", "2026-11-10 12:00"), 2)
    calendar = a_calendar(an_availability("08:00-18:00"), taken)
    whole = [("2026-11-10 08:00", "2026-11-10 18:00")]
    assert spans(free(calendar, "2026-11-10 00:00", "2026-11-11 00:00", pets=1)) == whole
    assert spans(free(calendar, "2026-11-10 00:00", "2026-11-11 00:00", pets=2)) == [
        ("2026-11-10 08:00", "2026-11-10 10:00"),
        ("2026-11-10 12:00", "2026-11-10 18:00"),
    ]
    assert free(calendar, "2026-11-10 00:00", "2026-11-11 00:00", pets=4) == []


def test_a_stay_may_begin_and_end_in_open_hours_and_pass_the_nights_between() -> None:
    calendar = a_calendar(an_availability("08:00-18:00"))
    (stay,) = free(calendar, "2026-11-10 00:00", "2026-11-12 12:00", BOARDING)
    openings = [
        ("2026-11-10 08:00", "2026-11-10 18:00"),
        ("2026-11-11 08:00", "2026-11-11 18:00"),
        ("2026-11-12 08:00", "2026-11-12 12:00"),
    ]
    assert spans([stay]) == [("2026-11-10 08:00", "2026-11-12 12:00")]
    assert walls(stay.arrivals) == walls(stay.departures) == openings


def test_a_closed_day_parts_stays() -> None:
    calendar = a_calendar(an_availability("08:00-18:00", exceptions={date(2026, 11, 12): ()}))
    assert spans(free(calendar, "2026-11-10 00:00", "2026-11-15 00:00", BOARDING)) == [
        ("2026-11-10 08:00", "2026-11-11 18:00"),
        ("2026-11-13 08:00", "2026-11-14 18:00"),
    ]


def test_a_full_night_parts_stays_though_both_days_have_room() -> None:
    night = Occupancy(period_of("2026-11-10 20:00", "2026-11-11 07:00"), 3)
    calendar = a_calendar(an_availability("08:00-18:00"), night)
    assert spans(free(calendar, "2026-11-10 00:00", "2026-11-12 00:00", BOARDING)) == [
        ("2026-11-10 08:00", "2026-11-10 18:00"),
        ("2026-11-11 08:00", "2026-11-11 18:00"),
    ]


def test_a_stay_may_begin_the_minute_another_ends_and_the_day_closes() -> None:
    earlier = Occupancy(period_of("2026-11-09 09:00", "2026-11-10 18:00"), 3)
    calendar = a_calendar(an_availability("08:00-18:00"), earlier)
    (stay,) = free(calendar, "2026-11-10 00:00", "2026-11-11 12:00", BOARDING)
    assert walls(stay.arrivals)[0] == ("2026-11-10 18:00", "2026-11-10 18:00")
    assert walls(stay.departures) == [("2026-11-11 08:00", "2026-11-11 12:00")]


def test_where_a_stay_can_only_end_none_begins() -> None:
    later = Occupancy(period_of("2026-11-11 08:00", "2026-11-12 20:00"), 3)
    calendar = a_calendar(an_availability("08:00-18:00"), later)
    (stay,) = free(calendar, "2026-11-10 12:00", "2026-11-12 00:00", BOARDING)
    assert walls(stay.arrivals) == [("2026-11-10 12:00", "2026-11-10 18:00")]
    assert walls(stay.departures)[-1] == ("2026-11-11 08:00", "2026-11-11 08:00")


def test_notice_vacation_and_horizon_bound_what_is_free() -> None:
    day = period_of("2026-11-02 00:00", "2026-11-20 00:00")
    noticed = a_calendar(an_availability("00:00-24:00", minimum_notice_hours=48))
    assert free_of(noticed, day).period == Period(NOW + timedelta(hours=48), day.end)
    away = a_calendar(an_availability("00:00-24:00", vacation_until=date(2026, 11, 10)))
    assert free_of(away, day).period.start == local("2026-11-11 00:00")
    far = Period(NOW + HORIZON - timedelta(hours=1), NOW + HORIZON + timedelta(hours=1))
    assert free_of(a_calendar(an_availability("00:00-24:00")), far).period.end == NOW + HORIZON


def free_of(calendar: CaregiverCalendar, within: Period) -> FreePeriod:
    (only,) = calendar.free_periods(WALK, within, pets=1, now=NOW, until=NOW)
    return only


def test_what_is_to_hold_for_a_while_begins_no_earlier_than_its_end() -> None:
    until = NOW + timedelta(minutes=10)
    within = Period(NOW - timedelta(days=1), NOW + timedelta(hours=1))
    (only,) = a_calendar(an_availability("00:00-24:00")).free_periods(WALK, within, pets=1, now=NOW, until=until)
    assert only.period.start == until
    for end in (NOW, until):
        late = Period(NOW - timedelta(days=1), end)
        assert a_calendar(an_availability("00:00-24:00")).free_periods(WALK, late, pets=1, now=NOW, until=until) == []


def test_a_service_that_is_not_offered_is_never_free() -> None:
    calendar = a_calendar(an_availability("00:00-24:00"))
    assert free(calendar, "2026-11-10 00:00", "2026-11-11 00:00", Service.HOME_CARE) == []
    period = period_of("2026-11-10 09:00", "2026-11-10 10:00")
    assert not calendar.can_take(period, Service.HOME_CARE, pets=1, now=NOW)
    assert calendar.can_take(period, None, pets=1, now=NOW)


def test_without_a_service_any_that_is_offered_will_do() -> None:
    calendar = a_calendar(an_availability("08:00-18:00"))
    night = period_of("2026-11-10 17:00", "2026-11-11 09:00")
    assert calendar.can_take(night, None, pets=1, now=NOW)
    assert calendar.can_take(night, BOARDING, pets=1, now=NOW)
    assert not calendar.can_take(night, WALK, pets=1, now=NOW)


def test_nobody_takes_more_than_thirty_nights() -> None:
    calendar = a_calendar(an_availability("00:00-24:00"))
    assert calendar.can_take(period_of("2026-11-10 09:00", "2026-12-10 09:00"), BOARDING, pets=1, now=NOW)
    assert not calendar.can_take(period_of("2026-11-10 09:00", "2026-12-11 09:00"), BOARDING, pets=1, now=NOW)


@pytest.mark.parametrize(
    ("day", "hours", "expected"),
    [
        ("2027-03-28", "01:00-04:00", [("00:00", "02:00")]),
        ("2027-03-28", "02:15-02:45", []),
        ("2027-10-31", "01:00-04:00", [("23:00", "03:00")]),
        ("2027-10-31", "02:15-02:45", [("00:15", "00:45"), ("01:15", "01:45")]),
        ("2027-10-31", "01:00-02:30", [("23:00", "00:30"), ("01:00", "01:30")]),
    ],
)
def test_hours_are_free_as_they_pass_in_the_nights_in_which_clocks_change(
    day: str, hours: str, expected: list[tuple[str, str]]
) -> None:
    calendar = a_calendar(an_availability(hours))
    midnight = local(f"{day} 00:00")
    found = calendar.free_periods(WALK, Period(midnight, midnight + timedelta(hours=20)), pets=1, now=NOW, until=NOW)
    assert [(f"{one.period.start:%H:%M}", f"{one.period.end:%H:%M}") for one in found] == expected


QUARTER = timedelta(minutes=15)
BEGINNINGS = ("2026-11-09 00:00", "2027-03-27 00:00", "2027-10-29 22:00")


@pytest.mark.parametrize("seed", range(30))
def test_free_is_what_a_request_accepts_and_nothing_else_is(seed: int) -> None:
    """Every period of whole quarters of two or three days, for hours and for nights, beside the rules one by one."""
    chance = random.Random(seed)
    now = local("2026-11-08 20:00") if seed % 3 == 0 else local("2027-03-01 00:00")
    begin = local(BEGINNINGS[seed % 3])
    calendar = random_calendar(chance, begin)
    within = Period(begin, begin + timedelta(hours=chance.randint(40, 60)))
    pets = chance.randint(1, 2)
    instants = [within.start + QUARTER * at for at in range(within.duration // QUARTER + 1)]
    for service in (WALK, BOARDING):
        told = calendar.free_periods(service, within, pets=pets, now=now, until=now)
        for earlier, later in pairwise(told):
            assert earlier.period.end <= later.period.start
        for _ in range(400):
            start, end = sorted(chance.sample(instants, 2))
            asked = Period(start, end)
            is_accepted = calendar.can_take(asked, service, pets=pets, now=now)
            assert is_accepted == accepted_by_the_rules(calendar, asked, service, pets, now)
            assert is_accepted == any(covers(period, asked, service) for period in told), f"{service}: {asked}"


def random_calendar(chance: random.Random, begin: datetime) -> CaregiverCalendar:
    def hours() -> tuple[OpenHours, ...]:
        cuts = sorted(chance.sample([0, 1, *range(15, 1440, 15), 1439, 1440], 2 * chance.randint(1, 3)))
        return tuple(OpenHours(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=True))

    days = [begin.date() + timedelta(days=at) for at in range(-1, 4)]
    availability = Availability(
        time_zone=chance.choice((BRUSSELS, AMSTERDAM)),
        weekly={day: hours() if chance.random() < 0.5 else open_hours("00:00-24:00") for day in range(7)},
        exceptions={day: () if chance.random() < 0.5 else hours() for day in days if chance.random() < 0.2},
        minimum_notice_hours=chance.choice((0, 0, 7)),
        vacation_until=chance.choice((None, None, begin.date())),
    )
    taken = [
        Occupancy(Period(start, start + QUARTER * chance.randint(1, 60)), chance.randint(1, 2))
        for start in (begin + QUARTER * chance.randint(-20, 160) for _ in range(chance.randint(0, 5)))
    ]
    return a_calendar(availability, *taken, max_animals=chance.randint(2, 4))


def accepted_by_the_rules(
    calendar: CaregiverCalendar, asked: Period, service: Service, pets: int, now: datetime
) -> bool:
    """As a request is checked: the availability's refusal, then a count of the animals at every quarter."""
    quarters = [asked.start + QUARTER * at for at in range(asked.duration // QUARTER)]
    peak = max(
        sum(taken.animals for taken in calendar.taken if taken.period.start <= at < taken.period.end) for at in quarters
    )
    return calendar.availability.refusal(asked, service, now) is None and peak + pets <= calendar.max_animals


def covers(free: FreePeriod, asked: Period, service: Service) -> bool:
    inside = free.period.start <= asked.start and asked.end <= free.period.end
    if service.unit is not PricedUnit.NIGHT:
        return inside
    arrives = any(first <= asked.start <= last for first, last in free.arrivals)
    return inside and arrives and any(first <= asked.end <= last for first, last in free.departures)


def test_instants_are_utc_whatever_zone_they_were_asked_in() -> None:
    (only,) = free(a_calendar(an_availability("08:00-18:00")), "2026-11-10 00:00", "2026-11-11 00:00")
    assert only.period.start == datetime(2026, 11, 10, 7, 0, tzinfo=UTC)
