"""Series and deadlines on the days on which clocks change, either side of midnight, whatever the server's own zone.

Expected instants are written out in UTC: on 2027-03-28 and on 2027-10-31 the clocks of Brussels and Amsterdam change at
01:00 UTC, from +1 to +2 hours and back.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.availability.availability import CaregiverNotAvailable
from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingStatus, PayoutState
from domain.bookings.booking_refusals import AnswerOverdue, DisputeWindowClosed, PayWindowClosed, PayWindowNotOpen
from domain.bookings.care_report import CareReport
from domain.bookings.free_periods import CaregiverCalendar
from domain.bookings.series import Recurrence, plan_series, recurring
from domain.caregivers.caregiver_profile import CancellationPolicy
from domain.caregivers.services import Service
from domain.shared.period import BRUSSELS, TIME_ZONES, Period
from tests.support.builders import (
    ADMIN,
    CAREGIVER,
    OWNER,
    a_booking,
    a_caregiver,
    a_pet,
    an_availability,
    an_offer,
    identified,
)
from tests.support.server_zone import server_zone

__all__ = ["server_zone"]

A_MOMENT, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def between(start: str, end: str) -> Period:
    return Period(utc(start), utc(end))


# --- series


@pytest.mark.parametrize("time_zone", TIME_ZONES)
@pytest.mark.parametrize(
    ("first", "until", "others"),
    [
        # Each week from Saturday 23:30 to Sunday 00:30, over the midnight before the change and the one after.
        (
            ("2027-03-20T22:30", "2027-03-20T23:30"),
            "2027-04-03",
            [("2027-03-27T22:30", "2027-03-27T23:30"), ("2027-04-03T21:30", "2027-04-03T22:30")],
        ),
        (
            ("2027-10-23T21:30", "2027-10-23T22:30"),
            "2027-11-06",
            [("2027-10-30T21:30", "2027-10-30T22:30"), ("2027-11-06T22:30", "2027-11-06T23:30")],
        ),
        # Sundays from 23:30 to 00:30: on the day of the change itself the clocks have changed by then.
        (("2027-03-21T22:30", "2027-03-21T23:30"), "2027-03-28", [("2027-03-28T21:30", "2027-03-28T22:30")]),
        (("2027-10-24T21:30", "2027-10-24T22:30"), "2027-10-31", [("2027-10-31T22:30", "2027-10-31T23:30")]),
        # Sundays from 00:00, the last one at the very midnight of `until`; and until 24:00.
        (("2027-03-20T23:00", "2027-03-20T23:30"), "2027-03-28", [("2027-03-27T23:00", "2027-03-27T23:30")]),
        (("2027-10-23T22:00", "2027-10-23T22:30"), "2027-10-31", [("2027-10-30T22:00", "2027-10-30T22:30")]),
        (("2027-03-21T22:00", "2027-03-21T23:00"), "2027-03-28", [("2027-03-28T21:00", "2027-03-28T22:00")]),
        (("2027-10-24T21:00", "2027-10-24T22:00"), "2027-10-31", [("2027-10-31T22:00", "2027-10-31T23:00")]),
        # Nights: from Saturday 18:00 to Sunday 08:00, an hour shorter and an hour longer.
        (("2027-03-20T17:00", "2027-03-21T07:00"), "2027-03-27", [("2027-03-27T17:00", "2027-03-28T06:00")]),
        (("2027-10-23T16:00", "2027-10-24T06:00"), "2027-10-30", [("2027-10-30T16:00", "2027-10-31T07:00")]),
        # From 01:30 to 04:00, over the hour that is missing and the one that comes twice.
        (("2027-03-21T00:30", "2027-03-21T03:00"), "2027-03-28", [("2027-03-28T00:30", "2027-03-28T02:00")]),
        (("2027-10-23T23:30", "2027-10-24T02:00"), "2027-10-31", [("2027-10-30T23:30", "2027-10-31T03:00")]),
        # From 02:00 to 03:00: the missing hour itself, moved on whole. To and from 02:30: the first of the two.
        (("2027-03-21T01:00", "2027-03-21T02:00"), "2027-03-28", [("2027-03-28T01:00", "2027-03-28T02:00")]),
        (("2027-10-23T23:45", "2027-10-24T00:30"), "2027-10-31", [("2027-10-30T23:45", "2027-10-31T00:30")]),
        (("2027-10-24T00:30", "2027-10-24T01:30"), "2027-10-31", [("2027-10-31T00:30", "2027-10-31T02:30")]),
    ],
)
def test_a_series_keeps_its_wall_clock_hours_either_side_of_midnight(
    first: tuple[str, str], until: str, others: list[tuple[str, str]], time_zone: str
) -> None:
    found = recurring(between(*first), Recurrence.WEEKLY, until=date.fromisoformat(until), time_zone=time_zone)
    assert found == [between(*each) for each in (first, *others)]


def test_a_series_that_begins_before_midnight_ends_with_the_local_date_and_not_with_that_of_utc() -> None:
    """At 00:30 on the 28th it is still the 27th in UTC; in Auckland it is the afternoon."""
    first = between("2027-03-20T23:30", "2027-03-21T00:30")
    for until, dates in ((date(2027, 3, 27), 1), (date(2027, 3, 28), 2)):
        assert len(recurring(first, Recurrence.WEEKLY, until=until, time_zone=BRUSSELS)) == dates


@pytest.mark.parametrize(
    ("recurrence", "first", "others"),
    [
        (Recurrence.BIWEEKLY, "2027-03-14T07:00", ["2027-03-28T06:00", "2027-04-11T06:00"]),
        (Recurrence.BIWEEKLY, "2027-10-17T06:00", ["2027-10-31T07:00", "2027-11-14T07:00"]),
        (Recurrence.MONTHLY, "2027-02-28T07:00", ["2027-03-28T06:00", "2027-04-28T06:00"]),
        # The 31st, which September and November lack.
        (Recurrence.MONTHLY, "2027-08-31T06:00", ["2027-10-31T07:00"]),
        (Recurrence.MONTHLY, "2027-02-27T23:00", ["2027-03-27T23:00", "2027-04-27T22:00"]),
    ],
)
def test_fortnights_and_months_do_so_too(recurrence: Recurrence, first: str, others: list[str]) -> None:
    begins = utc(first)
    until = {3: date(2027, 4, 11), 2: date(2027, 4, 28), 10: date(2027, 11, 14), 8: date(2027, 11, 30)}[begins.month]
    found = recurring(Period(begins, begins + HOUR), recurrence, until=until, time_zone=BRUSSELS)
    assert [period.start for period in found] == [begins, *(utc(other) for other in others)]


@pytest.mark.parametrize(
    ("first", "cents"),
    [
        (("2027-03-21T00:30", "2027-03-21T03:00"), [2500, 1500, 2500]),
        (("2027-10-23T23:30", "2027-10-24T02:00"), [2500, 3500, 2500]),
    ],
)
def test_the_dates_of_a_series_are_open_by_the_wall_clock_and_cost_what_they_last(
    first: tuple[str, str], cents: list[int]
) -> None:
    """Open from 01:30 to 04:00, and closed on the Sunday after the change."""
    caregiver = a_caregiver(offers=(an_offer(price="10.00"),))
    closed = date(2027, 4, 4) if first[0] < "2027-06" else date(2027, 11, 7)
    availability = an_availability("01:30-04:00", exceptions={closed: ()})
    planned = plan_series(
        recurring(between(*first), Recurrence.WEEKLY, until=closed, time_zone=BRUSSELS),
        owner=OWNER,
        caregiver=caregiver,
        calendar=CaregiverCalendar(
            availability=availability,
            services=frozenset({Service.DOG_WALKING}),
            max_animals=1,
            taken=(),
        ),
        service=Service.DOG_WALKING,
        pets=[a_pet()],
        now=utc(first[0]) - 14 * DAY,
        is_holiday=lambda _: False,
    )
    assert [each.price.gross.amount_cents for each in planned] == cents
    assert [each.refusal is None for each in planned] == [True, True, False]
    assert isinstance(planned[2].refusal, CaregiverNotAvailable)


# --- deadlines

MOMENTS = [
    # The last moment of the local day before a change, the first of its day, its last, and the first of the next.
    *("2027-03-27T22:59:59.999999", "2027-03-27T23:00", "2027-03-28T21:59:59.999999", "2027-03-28T22:00"),
    *("2027-10-30T21:59:59.999999", "2027-10-30T22:00", "2027-10-31T22:59:59.999999", "2027-10-31T23:00"),
    # Just before and after the clocks change.
    *("2027-03-28T00:59:59.999999", "2027-03-28T01:00", "2027-10-31T00:59:59.999999", "2027-10-31T01:00"),
]
moments = pytest.mark.parametrize("moment", [utc(moment) for moment in MOMENTS], ids=MOMENTS)


def asked(at: datetime, *, starts_in: timedelta = 7 * DAY, length: timedelta = HOUR) -> Booking:
    return a_booking(period=Period(at + starts_in, at + starts_in + length), at=at)


def paid(booking: Booking, at: datetime) -> Booking:
    booking.accept(by=CAREGIVER, at=at)
    assert booking.pay_window_opens_at is not None
    booking.mark_paid(payment_id=identified("payment"), captured=booking.gross, at=booking.pay_window_opens_at)
    return booking


@moments
def test_a_day_to_answer_and_to_pay_is_24_hours_whatever_the_clocks_do(moment: datetime) -> None:
    booking = asked(moment)
    assert booking.answer_until == moment + DAY
    overdue = replace(booking, transitions=[], events=[])
    with pytest.raises(AnswerOverdue):
        overdue.accept(by=CAREGIVER, at=moment + DAY)
    assert not overdue.expire(at=moment + DAY - A_MOMENT)
    assert overdue.expire(at=moment + DAY)
    booking.accept(by=CAREGIVER, at=moment + DAY - A_MOMENT)
    assert booking.pay_until == moment + 2 * DAY - A_MOMENT
    assert not booking.expire(at=moment + 2 * DAY - 2 * A_MOMENT)
    assert booking.expire(at=moment + 2 * DAY - A_MOMENT)


@moments
def test_a_start_that_is_nearer_ends_the_time_to_answer_and_to_pay(moment: datetime) -> None:
    for starts_in in (DAY - A_MOMENT, 2 * HOUR):
        booking = asked(moment, starts_in=starts_in)
        booking.accept(by=CAREGIVER, at=moment)
        assert booking.answer_until == booking.pay_until == moment + starts_in


@moments
def test_the_pay_window_of_a_far_booking_opens_60_days_of_24_hours_before_its_end(moment: datetime) -> None:
    """The window opens at the moment; over both changes of a year."""
    ends = moment + 60 * DAY
    booking = a_booking(period=Period(ends - HOUR, ends), at=moment - 100 * DAY)
    booking.accept(by=CAREGIVER, at=moment - 100 * DAY)
    assert (booking.pay_window_opens_at, booking.pay_until) == (moment, moment + DAY)
    with pytest.raises(PayWindowNotOpen):
        booking.require_payable(by=OWNER, at=moment - A_MOMENT)
    booking.require_payable(by=OWNER, at=moment)
    with pytest.raises(PayWindowClosed):
        booking.require_payable(by=OWNER, at=moment + DAY)


@moments
def test_what_nobody_checked_out_is_completed_24_hours_after_its_end(moment: datetime) -> None:
    booking = paid(asked(moment - 7 * DAY - HOUR), moment - 7 * DAY - HOUR)
    assert booking.period.end == moment
    assert not booking.complete(at=moment + DAY - A_MOMENT)
    assert booking.complete(at=moment + DAY)
    assert (booking.status, booking.payout_due_at) == (BookingStatus.COMPLETED, moment + 4 * DAY)


@moments
def test_72_hours_to_dispute_are_72_hours(moment: datetime) -> None:
    booking = paid(asked(moment - 7 * DAY), moment - 7 * DAY)
    booking.check_in(CareReport(at=moment - HOUR / 2), by=CAREGIVER)
    booking.check_out(CareReport(at=moment), by=CAREGIVER)
    late = replace(booking, transitions=[], events=[])
    with pytest.raises(DisputeWindowClosed):
        late.open_dispute(by=OWNER, at=moment + 3 * DAY, reason="Nobody came")
    booking.open_dispute(by=OWNER, at=moment + 3 * DAY - A_MOMENT, reason="Nobody came")
    assert booking.payout_state is PayoutState.HELD


@moments
def test_notice_is_counted_in_hours_that_pass(moment: datetime) -> None:
    availability = an_availability("00:00-24:00", minimum_notice_hours=24)
    for early, refused in ((A_MOMENT, True), (timedelta(), False)):
        period = Period(moment + DAY - early, moment + DAY + HOUR)
        assert (availability.refusal(period, Service.DOG_WALKING, moment) is not None) is refused


@pytest.mark.parametrize(
    ("start", "policy", "last_of_all", "last_of_half"),
    [
        # Starts at 23:59 on the day of a change, and at 00:00 after it.
        ("2027-03-28T21:59", CancellationPolicy.FLEXIBLE, "2027-03-27T11:00", "2027-03-28T21:58:59.999999"),
        ("2027-03-28T22:00", CancellationPolicy.FLEXIBLE, "2027-03-28T10:00", "2027-03-28T21:59:59.999999"),
        ("2027-10-31T22:59", CancellationPolicy.FLEXIBLE, "2027-10-30T10:00", "2027-10-31T22:58:59.999999"),
        ("2027-10-31T23:00", CancellationPolicy.FLEXIBLE, "2027-10-31T11:00", "2027-10-31T22:59:59.999999"),
        # A week and two weeks later, at 23:59 and at 00:00.
        ("2027-04-04T21:59", CancellationPolicy.MODERATE, "2027-03-28T10:00", "2027-04-04T21:58:59.999999"),
        ("2027-04-04T22:00", CancellationPolicy.MODERATE, "2027-03-29T10:00", "2027-04-04T21:59:59.999999"),
        ("2027-11-07T22:59", CancellationPolicy.MODERATE, "2027-10-31T11:00", "2027-11-07T22:58:59.999999"),
        ("2027-11-06T22:59", CancellationPolicy.MODERATE, "2027-10-30T10:00", "2027-11-06T22:58:59.999999"),
        ("2027-04-10T21:59", CancellationPolicy.STRICT, "2027-03-27T11:00", "2027-04-03T10:00"),
        ("2027-04-10T22:00", CancellationPolicy.STRICT, "2027-03-28T10:00", "2027-04-04T10:00"),
        ("2027-11-13T22:59", CancellationPolicy.STRICT, "2027-10-30T10:00", "2027-11-06T11:00"),
        ("2027-11-13T23:00", CancellationPolicy.STRICT, "2027-10-31T11:00", "2027-11-07T11:00"),
    ],
)
def test_an_owner_gets_back_what_noon_of_the_booking_s_own_zone_says(
    start: str, policy: CancellationPolicy, last_of_all: str, last_of_half: str
) -> None:
    asked_at = utc(start) - 30 * DAY
    booking = a_booking(period=Period(utc(start), utc(start) + HOUR), price="33.33", policy=policy, at=asked_at)
    paid(booking, asked_at)
    for last, back, later in ((last_of_all, 3333, 1667), (last_of_half, 1667, 0)):
        for at, cents in ((utc(last), back), (utc(last) + A_MOMENT, later)):
            terms = booking.terms_of_cancellation(by=OWNER, at=at)
            assert (terms.refund.amount_cents, terms.deadline) == (cents, utc(last_of_all))
            assert booking.terms_of_cancellation(by=ADMIN, at=at).refund == booking.captured
