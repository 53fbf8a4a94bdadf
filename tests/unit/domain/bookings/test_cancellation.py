"""Who gets what when a booking is cancelled."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bookings.cancellation import cancellation_terms, noon_before, refund_percent
from domain.caregivers.caregiver_profile import CancellationPolicy
from domain.shared.money import Money
from domain.shared.period import AMSTERDAM, BRUSSELS
from tests.support.builders import local

FLEXIBLE, MODERATE, STRICT = CancellationPolicy.FLEXIBLE, CancellationPolicy.MODERATE, CancellationPolicy.STRICT

START = local("2026-12-15 18:00")
A_SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("policy", "cancelled", "percent"),
    [
        (FLEXIBLE, "2026-12-14 12:00:00", 100),
        (FLEXIBLE, "2026-12-14 12:00:01", 50),
        (FLEXIBLE, "2026-12-15 17:59:59", 50),
        (FLEXIBLE, "2026-12-15 18:00:00", 0),
        (MODERATE, "2026-12-08 12:00:00", 100),
        (MODERATE, "2026-12-08 12:00:01", 50),
        (MODERATE, "2026-12-15 17:59:59", 50),
        (MODERATE, "2026-12-15 18:00:00", 0),
        (STRICT, "2026-12-01 12:00:00", 100),
        (STRICT, "2026-12-01 12:00:01", 50),
        (STRICT, "2026-12-08 12:00:00", 50),
        (STRICT, "2026-12-08 12:00:01", 0),
        (STRICT, "2026-12-15 17:59:59", 0),
        (STRICT, "2026-12-15 18:00:00", 0),
    ],
)
def test_the_policy_decides_by_one_instant_to_the_second(
    policy: CancellationPolicy, cancelled: str, percent: int
) -> None:
    assert refund_percent(policy, start=START, time_zone=BRUSSELS, at=local(cancelled)) == percent


@pytest.mark.parametrize("start", ["2026-12-15 00:00", "2026-12-15 11:00", "2026-12-15 23:59"])
def test_the_hour_of_the_start_plays_no_part_in_the_deadline(start: str) -> None:
    assert noon_before(local(start), BRUSSELS, days=1) == local("2026-12-14 12:00")


@pytest.mark.parametrize(
    ("start", "days", "deadline"),
    [
        ("2027-03-28 09:00", 1, "2027-03-27 11:00"),  # still winter time at the deadline
        ("2027-03-29 09:00", 1, "2027-03-28 10:00"),  # summer time since that morning
        ("2027-04-01 09:00", 7, "2027-03-25 11:00"),
        ("2027-10-31 09:00", 1, "2027-10-30 10:00"),
        ("2027-11-01 09:00", 1, "2027-10-31 11:00"),
        ("2027-11-10 09:00", 14, "2027-10-27 10:00"),
    ],
)
@pytest.mark.parametrize("time_zone", [BRUSSELS, AMSTERDAM])
def test_noon_is_noon_on_the_local_clock_when_the_clocks_change(
    start: str, days: int, deadline: str, time_zone: str
) -> None:
    expected = datetime.fromisoformat(deadline).replace(tzinfo=UTC)
    assert noon_before(local(start, time_zone), time_zone, days=days) == expected


@pytest.mark.parametrize(
    ("policy", "deadline"),
    [(FLEXIBLE, "2026-12-14 12:00"), (MODERATE, "2026-12-08 12:00"), (STRICT, "2026-12-01 12:00")],
)
def test_the_deadline_shown_is_the_end_of_the_full_refund(policy: CancellationPolicy, deadline: str) -> None:
    terms = cancellation_terms(
        policy=policy,
        start=START,
        time_zone=BRUSSELS,
        at=START - timedelta(days=30),
        captured=Money(1000),
        refunded=Money(0),
        caregiver_fault=False,
    )
    assert (terms.deadline, terms.policy) == (local(deadline), policy)
    assert (terms.refund, terms.fee) == (Money(1000), Money(0))


def test_half_of_an_odd_amount_is_rounded_half_up_for_the_owner() -> None:
    terms = cancellation_terms(
        policy=FLEXIBLE,
        start=START,
        time_zone=BRUSSELS,
        at=START - A_SECOND,
        captured=Money(3333),
        refunded=Money(0),
        caregiver_fault=False,
    )
    assert (terms.refund, terms.fee) == (Money(1667), Money(1666))


def test_before_anything_is_captured_refund_and_fee_are_nothing() -> None:
    terms = cancellation_terms(
        policy=STRICT,
        start=START,
        time_zone=BRUSSELS,
        at=START - A_SECOND,
        captured=Money(0),
        refunded=Money(0),
        caregiver_fault=False,
    )
    assert (terms.refund, terms.fee) == (Money(0), Money(0))


@pytest.mark.parametrize("policy", CancellationPolicy)
def test_the_caregivers_fault_gives_everything_back_even_after_the_start(policy: CancellationPolicy) -> None:
    terms = cancellation_terms(
        policy=policy,
        start=START,
        time_zone=BRUSSELS,
        at=START + timedelta(days=1),
        captured=Money(3333),
        refunded=Money(0),
        caregiver_fault=True,
    )
    assert (terms.refund, terms.fee) == (Money(3333), Money(0))


def test_what_was_given_back_before_is_not_given_back_again() -> None:
    terms = cancellation_terms(
        policy=FLEXIBLE,
        start=START,
        time_zone=BRUSSELS,
        at=START - A_SECOND,
        captured=Money(1000),
        refunded=Money(800),
        caregiver_fault=False,
    )
    assert (terms.refund, terms.fee) == (Money(200), Money(0))


@given(
    policy=st.sampled_from(CancellationPolicy),
    start=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    before=st.timedeltas(timedelta(days=-2), timedelta(days=40)),
    captured=st.integers(0, 1_000_000),
    refunded_share=st.integers(0, 100),
    caregiver_fault=st.booleans(),
    time_zone=st.sampled_from([BRUSSELS, AMSTERDAM]),
)
def test_refund_and_fee_are_never_negative_and_share_what_is_left(
    policy: CancellationPolicy,
    start: datetime,
    before: timedelta,
    captured: int,
    refunded_share: int,
    caregiver_fault: bool,
    time_zone: str,
) -> None:
    refunded = Money(captured * refunded_share // 100)
    terms = cancellation_terms(
        policy=policy,
        start=start,
        time_zone=time_zone,
        at=start - before,
        captured=Money(captured),
        refunded=refunded,
        caregiver_fault=caregiver_fault,
    )
    assert terms.refund >= Money(0)
    assert terms.fee >= Money(0)
    assert terms.refund + terms.fee == Money(captured) - refunded
    assert terms.deadline < start


@given(
    policy=st.sampled_from(CancellationPolicy),
    earlier=st.timedeltas(timedelta(), timedelta(days=20)),
    later=st.timedeltas(timedelta(), timedelta(days=20)),
)
def test_waiting_never_makes_cancelling_cheaper(
    policy: CancellationPolicy, earlier: timedelta, later: timedelta
) -> None:
    first = START - timedelta(days=25) + earlier
    percent = refund_percent(policy, start=START, time_zone=BRUSSELS, at=first)
    assert refund_percent(policy, start=START, time_zone=BRUSSELS, at=first + later) <= percent
