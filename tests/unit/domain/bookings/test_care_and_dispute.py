"""From the money to the end: service report, dispute, what is kept and what goes back."""

from datetime import timedelta

import pytest

from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingStatus, PayoutState
from domain.bookings.booking_refusals import (
    BookingNotDisputable,
    CheckInTooEarly,
    DisputeWindowClosed,
    NothingToGiveBack,
    OnlyAnUninvolvedAdmin,
)
from domain.bookings.care_report import CareReport, CoordinatesNotUsable, TooManyPhotos
from domain.bookings.dispute import DisputeDecision, RefundOfDecisionNotUsable
from domain.shared.money import Money
from tests.support.builders import ADMIN, CAREGIVER, NOW, OWNER, a_paid_booking, euros

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PHOTOS = tuple(f"photos/{number}.jpg" for number in range(6))


def a_completed_booking(price: str = "20.00") -> Booking:
    """Completed at its end."""
    booking = a_paid_booking(price=price)
    booking.check_in(CareReport(at=booking.period.start), by=CAREGIVER)
    booking.check_out(CareReport(at=booking.period.end), by=CAREGIVER)
    return booking


def a_disputed_booking(price: str = "20.00") -> Booking:
    booking = a_completed_booking(price)
    booking.open_dispute(by=OWNER, at=booking.period.end + HOUR, reason="Nobody came")
    return booking


def test_both_halves_of_the_report_keep_their_real_times() -> None:
    booking = a_paid_booking()
    early, late = booking.period.start - HOUR / 2, booking.period.end + HOUR
    booking.check_in(CareReport(at=early, lat=51.05, lng=3.72, photos=PHOTOS[:2]), by=CAREGIVER)
    booking.check_out(CareReport(at=late, notes="All well"), by=CAREGIVER)
    assert booking.check_in_report == CareReport(at=early, lat=51.05, lng=3.72, photos=PHOTOS[:2])
    assert booking.check_out_report == CareReport(at=late, notes="All well")
    assert (booking.status, booking.completed_at) == (BookingStatus.COMPLETED, late)


def test_one_who_comes_too_early_is_told_when_to_come_again() -> None:
    booking = a_paid_booking()
    with pytest.raises(CheckInTooEarly, match="from 2026-11-09T08:30:00Z"):
        booking.check_in(CareReport(at=NOW), by=CAREGIVER)


def test_a_booking_has_ten_photos_at_most_of_both_halves_together() -> None:
    with pytest.raises(TooManyPhotos):
        CareReport(at=NOW, photos=PHOTOS + PHOTOS)
    booking = a_paid_booking()
    booking.check_in(CareReport(at=booking.period.start, photos=PHOTOS), by=CAREGIVER)
    with pytest.raises(TooManyPhotos) as refused:
        booking.check_out(CareReport(at=booking.period.end, photos=PHOTOS[:5]), by=CAREGIVER)
    assert refused.value.field == "photos"
    assert booking.status is BookingStatus.IN_PROGRESS
    booking.check_out(CareReport(at=booking.period.end, photos=PHOTOS[:4]), by=CAREGIVER)
    assert booking.status is BookingStatus.COMPLETED


@pytest.mark.parametrize(
    ("lat", "lng", "field"),
    [(51.0, None, "lng"), (None, 3.7, "lat"), (90.1, 3.7, "lat"), (51.0, -180.1, "lng"), (-91.0, 0.0, "lat")],
)
def test_coordinates_come_in_pairs_and_lie_on_earth(lat: float | None, lng: float | None, field: str) -> None:
    with pytest.raises(CoordinatesNotUsable) as refused:
        CareReport(at=NOW, lat=lat, lng=lng)
    assert refused.value.field == field


@pytest.mark.parametrize(("lat", "lng"), [(90.0, 180.0), (-90.0, -180.0), (0.0, 0.0)])
def test_the_ends_of_the_earth_are_on_it(lat: float, lng: float) -> None:
    assert CareReport(at=NOW, lat=lat, lng=lng).lat == lat


def test_the_share_of_the_caregiver_is_due_three_days_after_completion() -> None:
    booking = a_completed_booking("33.33")
    assert booking.payout_due_at == booking.period.end + 3 * DAY
    assert (booking.payout_state, booking.payout) == (PayoutState.SCHEDULED, euros("26.66"))
    assert booking.disputable_until == booking.payout_due_at


def test_before_completion_nothing_is_owed() -> None:
    booking = a_paid_booking()
    assert (booking.payout_state, booking.payout_due_at, booking.disputable_until) == (PayoutState.NONE, None, None)


def test_a_dispute_holds_the_payout() -> None:
    booking = a_disputed_booking()
    assert (booking.payout_state, booking.payout_due_at) == (PayoutState.HELD, None)
    assert booking.dispute is not None
    assert (booking.dispute.reason, booking.transitions[-1].reason) == ("Nobody came", "Nobody came")
    assert booking.disputable_until is None


def test_a_dispute_comes_too_late_when_the_payout_runs() -> None:
    booking = a_completed_booking()
    with pytest.raises(DisputeWindowClosed, match="is completed, but could be disputed until 2026-11-12T10:00:00Z"):
        booking.open_dispute(by=OWNER, at=booking.period.end + 3 * DAY, reason="Nobody came")


@pytest.mark.parametrize(
    ("decision", "amount", "refund", "status", "payout"),
    [
        (DisputeDecision.PAY, None, "0.00", BookingStatus.COMPLETED, "16.00"),
        (DisputeDecision.REFUND_PART, "0.01", "0.01", BookingStatus.COMPLETED, "15.99"),
        (DisputeDecision.REFUND_PART, "19.99", "19.99", BookingStatus.COMPLETED, "0.01"),
        (DisputeDecision.REFUND_ALL, None, "20.00", BookingStatus.CANCELLED, "0.00"),
    ],
)
def test_a_decision_settles_what_goes_back_and_what_is_paid_out(
    decision: DisputeDecision, amount: str | None, refund: str, status: BookingStatus, payout: str
) -> None:
    booking = a_disputed_booking()
    at = booking.period.end + DAY
    given = None if amount is None else euros(amount)
    assert booking.decide_dispute(decision, by=ADMIN, at=at, amount=given, reason="We asked both") == euros(refund)
    assert (booking.status, booking.refunded, booking.payout) == (status, euros(refund), euros(payout))
    assert booking.dispute is not None
    assert (booking.dispute.decision, booking.dispute.decided_at, booking.dispute.refund) == (
        decision,
        at,
        euros(refund),
    )
    assert booking.payout_due_at == (None if decision is DisputeDecision.REFUND_ALL else booking.period.end + 3 * DAY)
    assert (booking.ended_at is None) == (status is BookingStatus.COMPLETED)
    assert [type(event).__name__ for event in booking.events][-2:] == ["BookingDisputed", "DisputeDecided"]


def test_a_decision_after_the_three_days_pays_at_once() -> None:
    booking = a_disputed_booking()
    late = booking.period.end + 30 * DAY
    booking.decide_dispute(DisputeDecision.PAY, by=ADMIN, at=late)
    assert (booking.payout_state, booking.payout_due_at) == (PayoutState.SCHEDULED, late)


@pytest.mark.parametrize(
    ("decision", "amount"),
    [
        (DisputeDecision.PAY, Money(1)),
        (DisputeDecision.REFUND_ALL, Money(1)),
        (DisputeDecision.REFUND_PART, None),
        (DisputeDecision.REFUND_PART, Money(0)),
        (DisputeDecision.REFUND_PART, Money(-1)),
        (DisputeDecision.REFUND_PART, Money(2000)),
        (DisputeDecision.REFUND_PART, Money(2001)),
    ],
)
def test_a_part_is_more_than_nothing_and_less_than_all(decision: DisputeDecision, amount: Money | None) -> None:
    booking = a_disputed_booking()
    with pytest.raises(RefundOfDecisionNotUsable) as refused:
        booking.decide_dispute(decision, by=ADMIN, at=booking.period.end + DAY, amount=amount)
    assert refused.value.field == "amount"
    assert booking.status is BookingStatus.DISPUTED


def test_what_is_decided_is_not_disputed_again() -> None:
    booking = a_disputed_booking()
    booking.decide_dispute(DisputeDecision.PAY, by=ADMIN, at=booking.period.end + DAY)
    with pytest.raises(BookingNotDisputable, match="is decided"):
        booking.open_dispute(by=OWNER, at=booking.period.end + DAY, reason="Again")


@pytest.mark.parametrize("amounts", [["20.00"], ["5.00", "15.00"], ["0.01", "19.99"], ["19.99", "0.01"]])
def test_an_admin_gives_back_until_nothing_is_left(amounts: list[str]) -> None:
    booking = a_completed_booking()
    for amount in amounts:
        assert booking.payout_state is PayoutState.SCHEDULED
        assert booking.give_back(euros(amount), by=ADMIN) == euros(amount)
    assert (booking.kept, booking.payout_state, booking.status) == (
        Money(0),
        PayoutState.NONE,
        BookingStatus.COMPLETED,
    )
    with pytest.raises(NothingToGiveBack, match="is completed, and 0 cents"):
        booking.give_back(None, by=ADMIN)


@pytest.mark.parametrize("amount", [Money(0), Money(-1), Money(2001)])
def test_no_more_goes_back_than_came_and_never_nothing(amount: Money) -> None:
    booking = a_completed_booking()
    with pytest.raises(NothingToGiveBack):
        booking.give_back(amount, by=ADMIN)
    assert booking.refunded == Money(0)


def test_nobody_decides_about_money_in_a_booking_of_his_own() -> None:
    booking = a_disputed_booking()
    for party in (OWNER, CAREGIVER):
        with pytest.raises(OnlyAnUninvolvedAdmin):
            booking.decide_dispute(DisputeDecision.PAY, by=party, at=booking.period.end + DAY)
        with pytest.raises(OnlyAnUninvolvedAdmin):
            booking.give_back(None, by=party)


def test_the_share_of_a_cancellation_fee_is_due_three_days_after_it() -> None:
    booking = a_paid_booking(price="33.33")
    at = booking.period.start - HOUR
    booking.cancel(by=OWNER, at=at)
    assert (booking.refunded, booking.kept, booking.payout) == (euros("16.67"), euros("16.66"), euros("13.33"))
    assert (booking.payout_state, booking.payout_due_at) == (PayoutState.SCHEDULED, at + 3 * DAY)
