"""When a caregiver can be booked."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.availability.availability import (
    Availability,
    CaregiverNotAvailable,
    ClosedDuringStay,
    NoticeOutOfRange,
    NoticeTooShort,
    OnVacation,
    OutsideOpenHours,
    UnknownTimeZone,
    UnknownWeekday,
)
from domain.availability.open_hours import HoursEndBeforeStart, NotAClockTime, OpenHours, OverlappingHours
from domain.caregivers.services import Service
from domain.shared.errors import Conflict
from domain.shared.period import AMSTERDAM, BRUSSELS, Period
from tests.support.builders import NOW, an_availability, local, open_hours, period_of

HOUR_SERVICES = [Service.DOG_WALKING, Service.HOME_CARE, Service.PET_TRANSPORT]


def refusal_of(
    availability: Availability, start: str, end: str, service: Service = Service.DOG_WALKING
) -> type[CaregiverNotAvailable] | None:
    refusal = availability.refusal(period_of(start, end), service, NOW)
    return None if refusal is None else type(refusal)


@pytest.mark.parametrize("service", HOUR_SERVICES)
@pytest.mark.parametrize(
    ("start", "end", "refusal"),
    [
        ("2026-11-10 08:00", "2026-11-10 18:00", None),
        ("2026-11-10 09:00", "2026-11-10 10:00", None),
        ("2026-11-10 07:59", "2026-11-10 09:00", OutsideOpenHours),
        ("2026-11-10 17:30", "2026-11-10 18:01", OutsideOpenHours),
        ("2026-11-10 17:00", "2026-11-11 09:00", OutsideOpenHours),
        ("2026-11-10 19:00", "2026-11-10 20:00", OutsideOpenHours),
    ],
)
def test_a_service_by_the_hour_visit_or_trip_must_lie_inside_one_opening(
    service: Service, start: str, end: str, refusal: type[CaregiverNotAvailable] | None
) -> None:
    assert refusal_of(an_availability("08:00-18:00"), start, end, service) is refusal


def test_a_break_at_noon_splits_the_day() -> None:
    availability = an_availability("08:00-12:00", "13:00-18:00")
    assert refusal_of(availability, "2026-11-10 11:00", "2026-11-10 12:00") is None
    assert refusal_of(availability, "2026-11-10 11:30", "2026-11-10 13:30") is OutsideOpenHours


def test_hours_of_a_day_that_touch_are_one_opening_in_whatever_order_they_are_given() -> None:
    availability = an_availability("12:00-18:00", "08:00-12:00")
    assert refusal_of(availability, "2026-11-10 11:00", "2026-11-10 13:00") is None


@pytest.mark.parametrize(
    "spans", [("00:00-24:00",), ("00:00-23:59",), ("00:01-24:00",), ("00:00-06:00", "18:00-24:00")]
)
def test_hours_join_over_midnight_and_a_gap_of_a_minute_there_is_none(spans: tuple[str, ...]) -> None:
    assert refusal_of(an_availability(*spans), "2026-11-10 23:00", "2026-11-11 01:00") is None


def test_a_gap_of_two_minutes_at_midnight_is_one() -> None:
    assert refusal_of(an_availability("00:00-23:58"), "2026-11-10 23:00", "2026-11-11 01:00") is OutsideOpenHours


@pytest.mark.parametrize("closing", ["24:00", "23:59"])
def test_the_last_hour_of_the_day_can_be_booked_until_midnight(closing: str) -> None:
    assert refusal_of(an_availability(f"08:00-{closing}"), "2026-11-10 23:00", "2026-11-11 00:00") is None


def test_a_day_without_rules_is_closed() -> None:
    only_mondays = Availability(time_zone=BRUSSELS, weekly={0: open_hours("08:00-18:00")})
    assert refusal_of(only_mondays, "2026-11-09 09:00", "2026-11-09 10:00") is None
    assert refusal_of(only_mondays, "2026-11-10 09:00", "2026-11-10 10:00") is OutsideOpenHours


def test_an_exception_replaces_the_hours_of_its_date() -> None:
    tuesday = date(2026, 11, 10)
    closed = an_availability(exceptions={tuesday: ()})
    evening = an_availability(exceptions={tuesday: open_hours("19:00-21:00")})
    assert refusal_of(closed, "2026-11-10 09:00", "2026-11-10 10:00") is OutsideOpenHours
    assert refusal_of(closed, "2026-11-11 09:00", "2026-11-11 10:00") is None
    assert refusal_of(evening, "2026-11-10 09:00", "2026-11-10 10:00") is OutsideOpenHours
    assert refusal_of(evening, "2026-11-10 19:00", "2026-11-10 20:00") is None


@pytest.mark.parametrize("service", [Service.PET_SITTING, Service.PET_BOARDING])
def test_a_stay_needs_open_hours_only_at_its_start_and_its_end(service: Service) -> None:
    availability = an_availability("08:00-18:00")
    assert refusal_of(availability, "2026-11-10 17:00", "2026-11-13 09:00", service) is None
    assert refusal_of(availability, "2026-11-10 19:00", "2026-11-13 09:00", service) is OutsideOpenHours
    assert refusal_of(availability, "2026-11-10 17:00", "2026-11-13 07:00", service) is OutsideOpenHours


def test_a_stay_may_begin_as_the_day_closes_and_end_as_it_opens() -> None:
    availability = an_availability("08:00-18:00")
    assert refusal_of(availability, "2026-11-10 18:00", "2026-11-12 08:00", Service.PET_BOARDING) is None


def test_no_day_inside_a_stay_may_be_closed_but_the_days_around_it_may() -> None:
    availability = an_availability("08:00-18:00", exceptions={date(2026, 11, 12): ()})
    assert refusal_of(availability, "2026-11-10 17:00", "2026-11-14 09:00", Service.PET_SITTING) is ClosedDuringStay
    assert refusal_of(availability, "2026-11-13 17:00", "2026-11-14 09:00", Service.PET_SITTING) is None
    assert refusal_of(availability, "2026-11-11 17:00", "2026-11-12 09:00", Service.PET_SITTING) is OutsideOpenHours


def test_a_stay_may_end_at_midnight_when_the_evening_is_open() -> None:
    late = an_availability("08:00-24:00", exceptions={date(2026, 11, 13): ()})
    assert refusal_of(late, "2026-11-11 17:00", "2026-11-13 00:00", Service.PET_SITTING) is None


def test_the_minimum_notice_counts_to_the_minute() -> None:
    availability = an_availability("00:00-24:00", minimum_notice_hours=48)
    for early, refused in ((timedelta(), False), (timedelta(minutes=1), True)):
        start = NOW + timedelta(hours=48) - early
        refusal = availability.refusal(Period(start, start + timedelta(hours=1)), Service.DOG_WALKING, NOW)
        assert isinstance(refusal, NoticeTooShort) is refused


def test_a_vacation_lasts_until_the_end_of_its_last_day() -> None:
    availability = an_availability("00:00-24:00", vacation_until=date(2026, 11, 10))
    assert refusal_of(availability, "2026-11-10 23:00", "2026-11-11 00:00") is OnVacation
    assert refusal_of(availability, "2026-11-11 00:00", "2026-11-11 01:00") is None


def test_a_caregiver_who_has_set_nothing_is_always_open_without_notice() -> None:
    availability = Availability.always_open(BRUSSELS)
    period = Period(NOW + timedelta(minutes=1), NOW + timedelta(days=3))
    assert availability.refusal(period, Service.DOG_WALKING, NOW) is None
    assert availability.refusal(period, Service.PET_BOARDING, NOW) is None


def test_hours_are_those_of_the_caregivers_clock_in_summer_and_in_winter() -> None:
    availability = an_availability("08:00-18:00", time_zone=AMSTERDAM)
    summer, winter = datetime(2027, 7, 1, 6, 0, tzinfo=UTC), datetime(2027, 1, 5, 6, 0, tzinfo=UTC)
    for start, refused in ((summer, False), (winter, True)):
        refusal = availability.refusal(Period(start, start + timedelta(hours=1)), Service.DOG_WALKING, NOW)
        assert isinstance(refusal, OutsideOpenHours) is refused


def test_the_night_in_which_clocks_go_forward_is_open_although_an_hour_is_missing() -> None:
    availability = an_availability("00:00-02:00", "03:00-06:00")
    assert refusal_of(availability, "2027-03-28 01:00", "2027-03-28 04:00") is None
    assert refusal_of(availability, "2027-03-29 01:00", "2027-03-29 04:00") is OutsideOpenHours


def test_the_hour_that_comes_twice_when_clocks_go_back_is_open_twice() -> None:
    first, second = local("2027-10-31 02:30"), local("2027-10-31 02:30", fold=1)
    assert second - first == timedelta(hours=1)
    both = Period(first, second)
    assert an_availability("02:00-03:00").refusal(both, Service.DOG_WALKING, NOW) is None
    assert isinstance(an_availability("02:15-02:45").refusal(both, Service.DOG_WALKING, NOW), OutsideOpenHours)


def test_a_refusal_is_a_conflict_that_gives_the_reason() -> None:
    refusal = an_availability(minimum_notice_hours=24).refusal(
        Period(NOW + timedelta(hours=1), NOW + timedelta(hours=2)), Service.DOG_WALKING, NOW
    )
    assert isinstance(refusal, Conflict)
    assert str(refusal) == "The caregiver needs 24 hours of notice."


@pytest.mark.parametrize(
    ("start", "end", "error"),
    [
        ("18:00", "08:00", HoursEndBeforeStart),
        ("08:00", "08:00", HoursEndBeforeStart),
        ("24:00", "24:00", HoursEndBeforeStart),
        ("08:00", "24:01", NotAClockTime),
        ("8:00", "18:00", NotAClockTime),
        ("08:60", "18:00", NotAClockTime),
        ("٠٨:00", "18:00", NotAClockTime),
    ],
)
def test_open_hours_that_make_no_sense_name_the_field(start: str, end: str, error: type[Exception]) -> None:
    with pytest.raises(error) as refused:
        OpenHours.between(start, end, field="weekly.monday")
    assert getattr(refused.value, "field", None) == "weekly.monday"


@pytest.mark.parametrize("minutes", [(-1, 60), (0, 1441), (60, 60)])
def test_open_hours_cannot_be_built_of_impossible_minutes(minutes: tuple[int, int]) -> None:
    with pytest.raises((NotAClockTime, HoursEndBeforeStart)):
        OpenHours(*minutes)


def test_open_hours_are_written_as_they_were_read() -> None:
    hours = OpenHours.between("00:30", "24:00")
    assert (hours.start, hours.end) == ("00:30", "24:00")


def test_hours_of_one_day_may_not_overlap() -> None:
    overlapping = open_hours("08:00-12:00", "11:59-13:00")
    with pytest.raises(OverlappingHours) as refused:
        Availability(time_zone=BRUSSELS, weekly={1: overlapping})
    assert refused.value.field == "weekly.tuesday"
    with pytest.raises(OverlappingHours) as refused:
        Availability(time_zone=BRUSSELS, exceptions={date(2026, 11, 10): overlapping})
    assert refused.value.field == "exceptions"


def test_other_contradictions_name_their_field_too() -> None:
    with pytest.raises(UnknownTimeZone) as zone:
        Availability(time_zone="Europe/Paris")
    assert zone.value.field == "timeZone"
    with pytest.raises(NoticeOutOfRange) as notice:
        Availability(time_zone=BRUSSELS, minimum_notice_hours=-1)
    assert notice.value.field == "minimumNoticeHours"
    with pytest.raises(UnknownWeekday):
        Availability(time_zone=BRUSSELS, weekly={7: ()})
