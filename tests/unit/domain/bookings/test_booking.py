"""The life of a booking."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.bookings.booking import Booking, MoneyOutcome
from domain.bookings.booking_life import ActorRole, BookingStatus
from domain.bookings.booking_refusals import (
    AnswerOverdue,
    BookingNotAccepted,
    BookingNotCancellable,
    BookingNotFound,
    BookingNotPending,
    OnlyTheCaregiver,
    OnlyTheOwner,
    PayWindowClosed,
    PayWindowNotOpen,
    TermsChanged,
)
from domain.bookings.quote import QuoteId
from domain.caregivers.caregiver_profile import CancellationPolicy
from domain.shared.actor import Actor
from domain.shared.errors import Conflict, NotAllowed, NotFound
from domain.shared.money import Money
from domain.shared.period import Period
from tests.support.builders import (
    ADMIN,
    CAREGIVER,
    NOW,
    OWNER,
    STRANGER,
    a_booking,
    a_paid_booking,
    a_pet,
    a_quote,
    an_accepted_booking,
    euros,
    identified,
    local,
    period_of,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
A_MICROSECOND = timedelta(microseconds=1)


def starting_in(wait: timedelta, *, length: timedelta = HOUR) -> Period:
    return Period(NOW + wait, NOW + wait + length)


def names_of_events(booking: Booking) -> list[str]:
    return [type(event).__name__ for event in booking.events]


def moves(booking: Booking) -> list[tuple[BookingStatus | None, BookingStatus]]:
    return [(transition.from_status, transition.to_status) for transition in booking.transitions]


def in_status(status: BookingStatus) -> Booking:
    """A booking that got there, or was put there where the way is not open yet."""
    booking = a_paid_booking()
    booking.status = status
    booking.events.clear()
    booking.transitions.clear()
    return booking


# --- request


def test_a_request_waits_for_its_answer_and_is_on_record() -> None:
    booking = a_booking(policy=CancellationPolicy.STRICT)
    assert (booking.status, booking.policy) == (BookingStatus.PENDING, CancellationPolicy.STRICT)
    assert moves(booking) == [(None, BookingStatus.PENDING)]
    assert booking.transitions[0].actor_role is ActorRole.OWNER
    assert names_of_events(booking) == ["BookingRequested"]


def test_a_booking_takes_the_numbers_of_its_quote() -> None:
    booking = a_booking(price="33.33")
    assert (booking.gross, booking.commission, booking.net) == (euros("33.33"), euros("6.67"), euros("26.66"))
    assert (booking.captured, booking.refunded, booking.commission_basis_points) == (Money(0), Money(0), 2000)


@pytest.mark.parametrize(("wait", "answer_in"), [(7 * DAY, 24 * HOUR), (24 * HOUR, 24 * HOUR), (5 * HOUR, 5 * HOUR)])
def test_the_answer_is_due_within_a_day_or_before_the_start(wait: timedelta, answer_in: timedelta) -> None:
    assert a_booking(period=starting_in(wait)).answer_until == NOW + answer_in


def test_an_instant_book_caregiver_accepts_at_once() -> None:
    booking = a_booking(instant_book=True)
    assert booking.status is BookingStatus.ACCEPTED
    assert moves(booking) == [(None, BookingStatus.PENDING), (BookingStatus.PENDING, BookingStatus.ACCEPTED)]
    assert booking.transitions[1].actor_id == CAREGIVER.account_id
    assert names_of_events(booking) == ["BookingRequested", "BookingAccepted"]
    assert booking.pay_until == NOW + DAY


# --- accept and decline


def test_the_caregiver_accepts() -> None:
    booking = an_accepted_booking()
    assert (booking.status, booking.accepted_at) == (BookingStatus.ACCEPTED, NOW)
    assert names_of_events(booking) == ["BookingRequested", "BookingAccepted"]


def test_the_caregiver_declines_with_a_reason_that_is_kept() -> None:
    booking = a_booking()
    booking.decline(by=CAREGIVER, at=NOW + HOUR, reason="I am away")
    assert (booking.status, booking.ended_at) == (BookingStatus.DECLINED, NOW + HOUR)
    assert booking.transitions[-1].reason == "I am away"
    assert names_of_events(booking)[-1] == "BookingDeclined"


@pytest.mark.parametrize("act", ["accept", "decline"])
@pytest.mark.parametrize(
    ("somebody", "error"), [(OWNER, OnlyTheCaregiver), (ADMIN, OnlyTheCaregiver), (STRANGER, BookingNotFound)]
)
def test_only_the_caregiver_answers_and_strangers_learn_nothing(
    act: str, somebody: Actor, error: type[Exception]
) -> None:
    booking = a_booking()
    answer = {"accept": booking.accept, "decline": booking.decline}[act]
    with pytest.raises(error):
        answer(by=somebody, at=NOW)
    assert booking.status is BookingStatus.PENDING
    assert issubclass(OnlyTheCaregiver, NotAllowed)
    assert issubclass(BookingNotFound, NotFound)


@pytest.mark.parametrize("status", [status for status in BookingStatus if status is not BookingStatus.PENDING])
def test_only_a_pending_booking_is_answered_and_the_refusal_names_the_state(status: BookingStatus) -> None:
    booking = in_status(status)
    with pytest.raises(BookingNotPending, match=f"is {status.value.replace('_', ' ')}; only a pending booking"):
        booking.accept(by=CAREGIVER, at=NOW)
    with pytest.raises(BookingNotPending):
        booking.decline(by=CAREGIVER, at=NOW)
    assert (booking.status, booking.events, booking.transitions) == (status, [], [])


def test_the_refusal_reads_as_a_sentence() -> None:
    with pytest.raises(Conflict) as refused:
        a_paid_booking().accept(by=CAREGIVER, at=NOW)
    assert str(refused.value) == "The booking is paid; only a pending booking can be accepted."


def test_nothing_is_accepted_after_the_time_to_answer_though_it_has_not_expired_yet() -> None:
    booking = a_booking()
    booking.accept(by=CAREGIVER, at=booking.answer_until - A_MICROSECOND)
    overdue = a_booking()
    with pytest.raises(AnswerOverdue):
        overdue.accept(by=CAREGIVER, at=overdue.answer_until)


@pytest.mark.parametrize(
    ("length", "price", "pets", "named"),
    [
        (2 * HOUR, "10.00", 1, "other dates now"),
        (HOUR, "10.00", 2, "other pets and price now"),
        (HOUR, "21.00", 1, "other price now"),
        (2 * HOUR, "20.00", 2, "other dates and pets and price now"),
        (HOUR, "20.00", 1, "another quote now"),
    ],
)
def test_who_accepts_what_he_saw_is_told_what_is_other_by_now(
    length: timedelta, price: str, pets: int, named: str
) -> None:
    booking = a_booking()
    before = replace(booking)
    period = Period(booking.period.start, booking.period.start + length)
    seen = a_quote(period=period, price=price, pets=[a_pet(name) for name in ("Rex", "Bella")[:pets]])
    seen.id = QuoteId(identified("the quote before"))
    with pytest.raises(TermsChanged) as told:
        booking.accept(by=CAREGIVER, at=NOW, seen=seen)
    assert str(told.value) == (
        f"The booking is pending, but has {named}: 2026-11-09T09:00:00Z to 2026-11-09T10:00:00Z, 1 pets, 2000 cents."
    )
    assert booking == before
    seen.id = booking.quote_id
    booking.accept(by=CAREGIVER, at=NOW, seen=seen)
    assert booking.status is BookingStatus.ACCEPTED


# --- the pay window


def test_the_pay_window_opens_at_acceptance_and_lasts_a_day() -> None:
    booking = an_accepted_booking(period=starting_in(7 * DAY))
    assert (booking.pay_window_opens_at, booking.pay_until) == (NOW, NOW + DAY)


def test_the_pay_window_closes_at_the_start() -> None:
    booking = an_accepted_booking(period=starting_in(5 * HOUR))
    assert (booking.pay_window_opens_at, booking.pay_until) == (NOW, NOW + 5 * HOUR)


def test_the_pay_window_of_a_far_booking_opens_sixty_days_before_its_end() -> None:
    booking = an_accepted_booking(period=starting_in(100 * DAY, length=10 * DAY))
    assert booking.pay_window_opens_at == NOW + 50 * DAY
    assert booking.pay_until == NOW + 51 * DAY


def test_the_owner_may_pay_inside_the_window_only() -> None:
    booking = an_accepted_booking(period=starting_in(100 * DAY, length=10 * DAY))
    opens, closes = NOW + 50 * DAY, NOW + 51 * DAY
    with pytest.raises(PayWindowNotOpen) as early:
        booking.require_payable(by=OWNER, at=opens - A_MICROSECOND)
    assert early.value.code() == "pay-window-not-open"
    booking.require_payable(by=OWNER, at=opens)
    booking.require_payable(by=OWNER, at=closes - A_MICROSECOND)
    with pytest.raises(PayWindowClosed):
        booking.require_payable(by=OWNER, at=closes)


@pytest.mark.parametrize(
    ("somebody", "error"), [(CAREGIVER, OnlyTheOwner), (ADMIN, OnlyTheOwner), (STRANGER, BookingNotFound)]
)
def test_only_the_owner_pays(somebody: Actor, error: type[Exception]) -> None:
    with pytest.raises(error):
        an_accepted_booking().require_payable(by=somebody, at=NOW)


@pytest.mark.parametrize("status", [status for status in BookingStatus if status is not BookingStatus.ACCEPTED])
def test_only_an_accepted_booking_is_payable(status: BookingStatus) -> None:
    with pytest.raises(BookingNotAccepted):
        in_status(status).require_payable(by=OWNER, at=NOW)


# --- money


def test_money_makes_an_accepted_booking_paid() -> None:
    booking = an_accepted_booking(price="33.33")
    outcome = booking.mark_paid(payment_id=identified("p1"), captured=euros("33.33"), at=NOW + HOUR)
    assert outcome is MoneyOutcome.PAID
    assert (booking.status, booking.paid_at, booking.captured) == (BookingStatus.PAID, NOW + HOUR, euros("33.33"))
    assert names_of_events(booking)[-1] == "BookingPaid"


def test_the_same_money_counts_once() -> None:
    booking = an_accepted_booking()
    booking.mark_paid(payment_id=identified("p1"), captured=booking.gross, at=NOW)
    before = (len(booking.events), len(booking.transitions))
    again = booking.mark_paid(payment_id=identified("p1"), captured=booking.gross, at=NOW + HOUR)
    assert again is MoneyOutcome.ALREADY_COUNTED
    assert (len(booking.events), len(booking.transitions)) == before
    assert booking.paid_at == NOW


@pytest.mark.parametrize("status", [status for status in BookingStatus if status is not BookingStatus.ACCEPTED])
def test_money_for_a_booking_no_longer_accepted_is_to_be_given_back(status: BookingStatus) -> None:
    booking = in_status(status)
    captured = booking.captured
    outcome = booking.mark_paid(payment_id=identified("another payment"), captured=booking.gross, at=NOW)
    assert outcome is MoneyOutcome.GIVE_BACK
    assert (booking.status, booking.captured, booking.events) == (status, captured, [])


def test_money_that_beats_the_expiry_still_counts() -> None:
    booking = an_accepted_booking()
    assert booking.pay_until is not None
    assert booking.mark_paid(payment_id=identified("p1"), captured=booking.gross, at=booking.pay_until + HOUR) is (
        MoneyOutcome.PAID
    )
    assert booking.expire(at=booking.pay_until + DAY) is False
    assert booking.status is BookingStatus.PAID


# --- expiry


def test_an_unanswered_request_expires_at_its_deadline_not_before() -> None:
    booking = a_booking()
    assert booking.expire(at=booking.answer_until - A_MICROSECOND) is False
    assert booking.expire(at=booking.answer_until) is True
    assert booking.status is BookingStatus.EXPIRED
    assert booking.transitions[-1].actor_role is ActorRole.SYSTEM
    assert names_of_events(booking)[-1] == "BookingExpired"


def test_an_unpaid_booking_expires_when_the_pay_window_closes() -> None:
    booking = an_accepted_booking()
    assert booking.pay_until is not None
    assert booking.expire(at=booking.pay_until - A_MICROSECOND) is False
    assert booking.expire(at=booking.pay_until) is True


@pytest.mark.parametrize(
    "status", [status for status in BookingStatus if status not in (BookingStatus.PENDING, BookingStatus.ACCEPTED)]
)
def test_nothing_else_expires(status: BookingStatus) -> None:
    booking = in_status(status)
    assert booking.expire(at=NOW + 400 * DAY) is False
    assert (booking.status, booking.events) == (status, [])


# --- cancellation


@pytest.mark.parametrize("make", [a_booking, an_accepted_booking, a_paid_booking])
@pytest.mark.parametrize(
    ("somebody", "role"),
    [(OWNER, ActorRole.OWNER), (CAREGIVER, ActorRole.CAREGIVER), (ADMIN, ActorRole.ADMIN)],
)
def test_both_parties_and_admins_cancel_before_the_start(
    make: Callable[[], Booking], somebody: Actor, role: ActorRole
) -> None:
    booking = make()
    terms = booking.cancel(by=somebody, at=NOW + HOUR, reason="ill")
    assert terms is not None
    assert (booking.status, booking.ended_at) == (BookingStatus.CANCELLED, NOW + HOUR)
    assert (booking.transitions[-1].actor_role, booking.transitions[-1].reason) == (role, "ill")
    assert names_of_events(booking)[-1] == "BookingCancelled"


def test_what_the_preview_says_is_what_happens() -> None:
    booking = a_paid_booking(period=period_of("2026-11-03 18:00", "2026-11-03 19:00"), price="33.33")
    at = local("2026-11-02 12:01")
    preview = booking.terms_of_cancellation(by=OWNER, at=at)
    assert booking.cancel(by=OWNER, at=at) == preview
    assert (preview.refund, preview.fee) == (euros("16.67"), euros("16.66"))
    assert booking.refunded == preview.refund


def test_the_caregiver_gives_everything_back_whatever_the_policy() -> None:
    booking = a_paid_booking(period=starting_in(2 * HOUR), policy=CancellationPolicy.STRICT)
    terms = booking.cancel(by=CAREGIVER, at=NOW + HOUR)
    assert terms is not None
    assert (terms.refund, terms.fee) == (euros("20.00"), Money(0))


@pytest.mark.parametrize(("caregiver_fault", "refund"), [(True, "20.00"), (False, "0")])
def test_an_admin_says_whose_fault_it_was(caregiver_fault: bool, refund: str) -> None:
    booking = a_paid_booking(period=starting_in(2 * HOUR), policy=CancellationPolicy.STRICT)
    terms = booking.cancel(by=ADMIN, at=NOW + HOUR, caregiver_fault=caregiver_fault)
    assert terms is not None
    assert terms.refund == euros(refund)


def test_owners_cannot_claim_the_caregivers_fault() -> None:
    booking = a_paid_booking(period=starting_in(2 * HOUR), policy=CancellationPolicy.STRICT)
    terms = booking.cancel(by=OWNER, at=NOW + HOUR, caregiver_fault=True)
    assert terms is not None
    assert terms.refund == Money(0)


def test_before_the_money_came_cancelling_costs_nothing() -> None:
    terms = an_accepted_booking(policy=CancellationPolicy.STRICT).cancel(by=OWNER, at=NOW + HOUR)
    assert terms is not None
    assert (terms.refund, terms.fee) == (Money(0), Money(0))


@pytest.mark.parametrize("somebody", [OWNER, CAREGIVER, ADMIN])
def test_cancelling_twice_is_harmless(somebody: Actor) -> None:
    booking = a_paid_booking()
    booking.cancel(by=OWNER, at=NOW + HOUR)
    before = (booking.refunded, booking.ended_at, len(booking.events), len(booking.transitions))
    assert booking.cancel(by=somebody, at=NOW + 2 * HOUR) is None
    assert (booking.refunded, booking.ended_at, len(booking.events), len(booking.transitions)) == before


@pytest.mark.parametrize("somebody", [OWNER, CAREGIVER])
def test_from_the_start_only_an_admin_cancels(somebody: Actor) -> None:
    booking = a_paid_booking()
    with pytest.raises(BookingNotCancellable, match="is paid and has started"):
        booking.cancel(by=somebody, at=booking.period.start)
    assert booking.status is BookingStatus.PAID
    assert booking.cancel(by=ADMIN, at=booking.period.start + HOUR) is not None


@pytest.mark.parametrize(
    "status",
    [BookingStatus.COMPLETED, BookingStatus.DISPUTED, BookingStatus.DECLINED, BookingStatus.EXPIRED],
)
@pytest.mark.parametrize("somebody", [OWNER, CAREGIVER, ADMIN])
def test_what_is_over_cannot_be_cancelled(status: BookingStatus, somebody: Actor) -> None:
    with pytest.raises(BookingNotCancellable, match=f"is {status.value}"):
        in_status(status).cancel(by=somebody, at=NOW)


def test_only_an_admin_stops_care_in_progress() -> None:
    for somebody in (OWNER, CAREGIVER):
        with pytest.raises(BookingNotCancellable, match="is in progress"):
            in_status(BookingStatus.IN_PROGRESS).cancel(by=somebody, at=NOW)
    assert in_status(BookingStatus.IN_PROGRESS).cancel(by=ADMIN, at=NOW) is not None


def test_strangers_can_neither_preview_nor_cancel() -> None:
    booking = a_paid_booking()
    with pytest.raises(BookingNotFound):
        booking.terms_of_cancellation(by=STRANGER, at=NOW)
    booking.cancel(by=OWNER, at=NOW)
    with pytest.raises(BookingNotFound):
        booking.cancel(by=STRANGER, at=NOW)


@pytest.mark.parametrize(
    "status", [BookingStatus.CANCELLED, BookingStatus.COMPLETED, BookingStatus.EXPIRED, BookingStatus.IN_PROGRESS]
)
def test_the_preview_answers_only_while_cancelling_is_possible(status: BookingStatus) -> None:
    with pytest.raises(BookingNotCancellable):
        in_status(status).terms_of_cancellation(by=OWNER, at=NOW)


def test_the_preview_still_answers_after_the_start_and_promises_nothing() -> None:
    booking = a_paid_booking()
    terms = booking.terms_of_cancellation(by=OWNER, at=booking.period.start)
    assert (terms.refund, terms.fee) == (Money(0), booking.gross)


def test_the_deadline_keeps_the_zone_the_booking_was_made_in() -> None:
    booking = a_paid_booking(period=period_of("2027-03-29 09:00", "2027-03-29 10:00"))
    assert booking.terms_of_cancellation(by=OWNER, at=NOW).deadline == local("2027-03-28 12:00")


def test_refund_numbers_are_never_given_twice() -> None:
    booking = a_paid_booking()
    assert [booking.next_refund_number() for _ in range(3)] == [1, 2, 3]


def test_events_hold_ids_and_instants_only() -> None:
    (requested,) = a_booking().events
    assert requested.at == NOW
    assert getattr(requested, "booking_id", None) == a_booking().id
    assert getattr(requested, "owner_id", None) == OWNER.account_id
    assert getattr(requested, "caregiver_id", None) == CAREGIVER.caregiver_id
