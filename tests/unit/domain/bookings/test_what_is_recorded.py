"""What each act leaves behind: who, when, from where to where and why, for the history and for those who are told; and
the very words of every refusal."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.bookings import booking_life as life
from domain.bookings.booking import Booking, MoneyOutcome
from domain.bookings.booking_change import declined_change, reason_of_declined_change
from domain.bookings.booking_life import BookingEvent, BookingId, BookingStatus, PayoutState
from domain.bookings.booking_refusals import (
    AnswerOverdue,
    BookingNotChangeable,
    ChangeTooFarAhead,
    NoChangeProposed,
    NothingChanges,
    PayWindowClosed,
    QuoteForSomethingElse,
    TermsChanged,
)
from domain.bookings.booking_state import disputable_until, in_words, payout_state, share_of_caregiver
from domain.bookings.care_report import CareReport
from domain.bookings.dispute import Dispute, DisputeDecision
from domain.bookings.quote import Quote, QuoteId
from domain.caregivers.services import Service
from domain.shared.actor import Actor, CaregiverId
from domain.shared.errors import DomainError, InvalidInput
from domain.shared.money import Money
from domain.shared.period import AMSTERDAM, Period
from tests.support.builders import (
    ADMIN,
    CAREGIVER,
    NOW,
    OWNER,
    a_booking,
    a_caregiver,
    a_meeting,
    a_paid_booking,
    a_pet,
    a_quote,
    an_accepted_booking,
    care_details,
    euros,
    identified,
)

HOUR, DAY, A_MOMENT = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
AT = NOW + HOUR
START, END = NOW + 7 * DAY, NOW + 7 * DAY + HOUR
BEFORE = "changed; before: 2026-11-09T09:00:00Z to 2026-11-09T10:00:00Z, 1 pets, 2000 cents"
Act = Callable[[Booking], object]
Step = tuple[str | None, str, datetime, Actor | None, str, str | None]


def another_quote(**changes: Any) -> Quote:
    """Of a day later, half as dear."""
    quote = a_quote(period=Period(START + DAY, END + DAY), price="10.00", at=AT)
    return replace(quote, id=QuoteId(identified("another quote")), **changes)


def change(booking: Booking, quote: Quote | None = None, *, instant_book: bool = True, at: datetime = AT) -> Money:
    caregiver = a_caregiver(instant_book=instant_book)
    return booking.change(quote or another_quote(), by=OWNER, caregiver=caregiver, at=at)


AS_DEAR = another_quote(gross=Money(2000), commission=Money(400))
DEARER = another_quote(gross=Money(3001), commission=Money(600))
ASKED = "change asked for: 2026-11-10T09:00:00Z to 2026-11-10T10:00:00Z, 1 pets, "


def wished_for() -> Booking:
    """Paid; its owner asks a caregiver who does not book instantly for a day later."""
    return wished_for_at(another_quote())


def wished_for_at(quote: Quote) -> Booking:
    booking = a_paid_booking()
    change(booking, quote, instant_book=False)
    return booking


def agreed() -> Booking:
    """Paid; to become dearer, once that is paid."""
    booking = a_paid_booking()
    change(booking, DEARER)
    return booking


def charged_back() -> Booking:
    booking = a_paid_booking()
    booking.freeze_payout()
    return booking


def in_progress() -> Booking:
    booking = a_paid_booking()
    booking.check_in(CareReport(at=START), by=CAREGIVER)
    return booking


def completed() -> Booking:
    booking = in_progress()
    booking.check_out(CareReport(at=END), by=CAREGIVER)
    return booking


def disputed() -> Booking:
    booking = completed()
    booking.open_dispute(by=OWNER, at=END + HOUR, reason="Nobody came")
    return booking


def met() -> Booking:
    meeting = a_meeting()
    meeting.accept(by=CAREGIVER, at=NOW)
    meeting.complete(at=meeting.period.end)
    return meeting


def decided() -> Booking:
    booking = disputed()
    booking.decide_dispute(DisputeDecision.PAY, by=ADMIN, at=END + 2 * HOUR)
    return booking


def decide(decision: DisputeDecision, amount: Money | None = None) -> Act:
    return lambda booking: booking.decide_dispute(decision, by=ADMIN, at=AT + 8 * DAY, amount=amount, reason="Both")


def accepted_meeting() -> Booking:
    meeting = a_meeting(START)
    meeting.accept(by=CAREGIVER, at=NOW)
    return meeting


@pytest.mark.parametrize(
    ("begun", "act", "steps", "told"),
    [
        (
            a_booking,
            lambda b: b.accept(by=CAREGIVER, at=AT),
            [("pending", "accepted", AT, CAREGIVER, "caregiver", None)],
            life.BookingAccepted,
        ),
        (
            a_booking,
            lambda b: b.decline(by=CAREGIVER, at=AT, reason="ill"),
            [("pending", "declined", AT, CAREGIVER, "caregiver", "ill")],
            life.BookingDeclined,
        ),
        (
            a_booking,
            lambda b: b.expire(at=AT + DAY),
            [("pending", "expired", AT + DAY, None, "system", "not answered in time")],
            life.BookingExpired,
        ),
        (
            an_accepted_booking,
            lambda b: b.expire(at=AT + DAY),
            [("accepted", "expired", AT + DAY, None, "system", "not paid in time")],
            life.BookingExpired,
        ),
        (
            an_accepted_booking,
            lambda b: b.mark_paid(payment_id=identified("payment"), captured=b.gross, at=AT),
            [("accepted", "paid", AT, None, "system", "money arrived")],
            life.BookingPaid,
        ),
        (
            a_paid_booking,
            lambda b: b.cancel(by=OWNER, at=AT, reason="moved"),
            [("paid", "cancelled", AT, OWNER, "owner", "moved")],
            life.BookingCancelled,
        ),
        (
            a_booking,
            lambda b: b.cancel(by=ADMIN, at=AT, reason="asked to"),
            [("pending", "cancelled", AT, ADMIN, "admin", "asked to")],
            life.BookingCancelled,
        ),
        (
            a_booking,
            lambda b: change(b, instant_book=False),
            [("pending", "pending", AT, OWNER, "owner", BEFORE)],
            life.BookingChanged,
        ),
        (a_paid_booking, change, [("paid", "paid", AT, OWNER, "owner", BEFORE)], life.BookingChanged),
        (
            a_paid_booking,
            lambda b: change(b, instant_book=False),
            [("paid", "paid", AT, OWNER, "owner", f"{ASKED}1000 cents")],
            life.BookingChangeProposed,
        ),
        (
            a_paid_booking,
            lambda b: change(b, DEARER),
            [("paid", "paid", AT, OWNER, "owner", f"{ASKED}3001 cents")],
            None,
        ),
        (
            wished_for,
            lambda b: b.accept_change(another_quote(), by=CAREGIVER, at=AT + HOUR),
            [("paid", "paid", AT + HOUR, CAREGIVER, "caregiver", BEFORE)],
            life.BookingChanged,
        ),
        (
            lambda: wished_for_at(AS_DEAR),
            lambda b: b.accept_change(AS_DEAR, by=CAREGIVER, at=AT + HOUR),
            [("paid", "paid", AT + HOUR, CAREGIVER, "caregiver", BEFORE)],
            life.BookingChanged,
        ),
        (
            lambda: wished_for_at(DEARER),
            lambda b: b.accept_change(DEARER, by=CAREGIVER, at=AT + HOUR),
            [("paid", "paid", AT + HOUR, CAREGIVER, "caregiver", "change accepted, to be paid")],
            life.BookingChangeAccepted,
        ),
        (
            wished_for,
            lambda b: b.decline_change(by=CAREGIVER, at=AT),
            [("paid", "paid", AT, CAREGIVER, "caregiver", "change declined")],
            life.BookingChangeDeclined,
        ),
        (
            agreed,
            lambda b: b.decline_change(by=CAREGIVER, at=AT, reason="ill"),
            [("paid", "paid", AT, CAREGIVER, "caregiver", "change declined: ill")],
            life.BookingChangeDeclined,
        ),
        (
            agreed,
            lambda b: b.withdraw_change(by=OWNER, at=AT),
            [("paid", "paid", AT, OWNER, "owner", "change withdrawn")],
            life.BookingChangeWithdrawn,
        ),
        (
            wished_for,
            lambda b: b.expire(at=AT + DAY),
            [("paid", "paid", AT + DAY, None, "system", "change not answered in time")],
            life.BookingChangeLapsed,
        ),
        (
            agreed,
            lambda b: b.expire(at=AT + DAY),
            [("paid", "paid", AT + DAY, None, "system", "change not paid in time")],
            life.BookingChangeLapsed,
        ),
        (
            agreed,
            lambda b: b.give_up_change(DEARER.id, at=AT),
            [("paid", "paid", AT, None, "system", "change not possible any more")],
            life.BookingChangeLapsed,
        ),
        (
            agreed,
            lambda b: b.check_in(CareReport(at=START), by=CAREGIVER),
            [("paid", "in_progress", START, CAREGIVER, "caregiver", None)],
            life.BookingChangeLapsed,
        ),
        (
            agreed,
            lambda b: b.pay_change(DEARER, payment_id=identified("new"), at=AT + HOUR),
            [("paid", "paid", AT + HOUR, None, "system", BEFORE)],
            life.BookingChanged,
        ),
        (
            a_paid_booking,
            lambda b: b.check_in(CareReport(at=START), by=CAREGIVER),
            [("paid", "in_progress", START, CAREGIVER, "caregiver", None)],
            None,
        ),
        (
            in_progress,
            lambda b: b.check_out(CareReport(at=END), by=CAREGIVER),
            [("in_progress", "completed", END, CAREGIVER, "caregiver", None)],
            life.BookingCompleted,
        ),
        (
            in_progress,
            lambda b: b.complete(at=END + DAY),
            [("in_progress", "completed", END + DAY, None, "system", "24 hours after the end")],
            life.BookingCompleted,
        ),
        (
            accepted_meeting,
            lambda b: b.complete(at=END),
            [("accepted", "completed", END, None, "system", "the end")],
            life.MeetAndGreetHeld,
        ),
        (
            completed,
            lambda b: b.open_dispute(by=OWNER, at=END + HOUR, reason="Nobody came"),
            [("completed", "disputed", END + HOUR, OWNER, "owner", "Nobody came")],
            life.BookingDisputed,
        ),
        (
            disputed,
            decide(DisputeDecision.PAY),
            [("disputed", "completed", AT + 8 * DAY, ADMIN, "admin", "Both")],
            life.DisputeDecided,
        ),
        (
            disputed,
            decide(DisputeDecision.REFUND_ALL),
            [("disputed", "cancelled", AT + 8 * DAY, ADMIN, "admin", "Both")],
            life.DisputeDecided,
        ),
    ],
)
def test_an_act_is_recorded_and_told_once(
    begun: Callable[[], Booking], act: Act, steps: list[Step], told: type[BookingEvent] | None
) -> None:
    booking = begun()
    booking.transitions.clear()
    booking.events.clear()
    act(booking)
    assert recorded(booking) == steps
    events = [] if told is None else [event_of(booking, told, steps[-1][2])]
    assert booking.events == events
    ended = steps[-1][1] in ("declined", "expired", "cancelled")
    assert booking.ended_at == (steps[-1][2] if ended else None)
    if steps[-1][1] == "completed":
        assert booking.completed_at is not None


def recorded(booking: Booking) -> list[tuple[Any, ...]]:
    actors = {actor.account_id: actor for actor in (OWNER, CAREGIVER, ADMIN)}
    return [
        (
            None if step.from_status is None else step.from_status.value,
            step.to_status.value,
            step.at,
            None if step.actor_id is None else actors[step.actor_id],
            step.actor_role.value,
            step.reason,
        )
        for step in booking.transitions
    ]


def event_of(booking: Booking, kind: type[BookingEvent], at: datetime) -> BookingEvent:
    about: dict[str, Any] = {
        "at": at,
        "booking_id": booking.id,
        "owner_id": booking.owner_id,
        "caregiver_id": booking.caregiver_id,
    }
    if kind in (life.BookingChangeProposed, life.BookingChangeAccepted):
        about["proposed_quote_id"] = another_quote().id
    return kind(**about)


def test_a_request_and_an_instant_answer_are_two_steps_and_two_events() -> None:
    booking = a_booking(instant_book=True)
    assert recorded(booking) == [
        (None, "pending", NOW, OWNER, "owner", None),
        ("pending", "accepted", NOW, CAREGIVER, "caregiver", "instant book"),
    ]
    assert booking.events == [
        event_of(booking, life.BookingRequested, NOW),
        event_of(booking, life.BookingAccepted, NOW),
    ]
    assert booking.accepted_at == NOW


def test_of_a_series_one_is_announced_and_all_know_it() -> None:
    series = life.SeriesId(identified("series"))
    booking = Booking.request(
        id=a_booking().id,
        quote=a_quote(),
        caregiver=a_caregiver(),
        care=a_booking().care,
        at=NOW,
        series_id=series,
        is_announced=False,
    )
    assert (booking.events, booking.series_id, booking.status) == ([], series, BookingStatus.PENDING)


def test_a_change_asked_anew_and_answered_at_once_takes_over_everything() -> None:
    booking = an_accepted_booking()
    booking.transitions.clear()
    booking.events.clear()
    quote = another_quote(time_zone=AMSTERDAM, commission_basis_points=1500, commission=Money(150))
    assert change(booking, quote) == Money(0)
    assert recorded(booking) == [
        ("accepted", "pending", AT, OWNER, "owner", BEFORE),
        ("pending", "accepted", AT, CAREGIVER, "caregiver", "instant book"),
    ]
    assert booking.events == [event_of(booking, life.BookingChanged, AT), event_of(booking, life.BookingAccepted, AT)]
    taken = (booking.quote_id, booking.period, booking.time_zone, booking.pet_ids, booking.gross, booking.commission)
    assert taken == (quote.id, quote.period, AMSTERDAM, quote.pet_ids, Money(1000), Money(150))
    assert booking.commission_basis_points == 1500
    assert booking.answer_until == AT + DAY
    # The time to pay does not begin again.
    assert (booking.accepted_at, booking.pay_window_opens_at, booking.pay_until) == (AT, AT, NOW + DAY)


def test_the_time_to_pay_begins_anew_when_the_window_opens_later() -> None:
    booking = an_accepted_booking()
    far = another_quote(period=Period(START + 90 * DAY, END + 90 * DAY))
    change(booking, far)
    assert booking.pay_window_opens_at == END + 30 * DAY
    assert booking.pay_until == END + 31 * DAY


def test_a_change_near_the_start_is_to_be_answered_before_it() -> None:
    booking = a_booking()
    near = another_quote(period=Period(AT + 2 * HOUR, AT + 3 * HOUR))
    change(booking, near, instant_book=False)
    assert (booking.answer_until, booking.accepted_at, booking.pay_until) == (AT + 2 * HOUR, None, None)
    assert booking.pay_window_opens_at is None


def test_what_a_change_spares_is_no_part_of_the_price_when_it_is_cancelled() -> None:
    """2000 came, 1000 went back; half of the other 1000 goes back, and 500 is the fee."""
    booking = a_paid_booking()
    assert change(booking) == Money(1000)
    terms = booking.terms_of_cancellation(by=OWNER, at=START + DAY - HOUR)
    assert (terms.refund, terms.fee) == (Money(500), Money(500))
    everything = booking.terms_of_cancellation(by=CAREGIVER, at=START + DAY - HOUR)
    assert (everything.refund, everything.fee) == (Money(1000), Money(0))


def test_of_a_price_that_was_given_back_in_part_a_change_returns_what_is_kept_at_most() -> None:
    booking = a_paid_booking()
    booking.give_back(Money(1900), by=ADMIN)
    assert change(booking) == Money(100)
    assert booking.kept == Money(0)


def test_a_change_that_was_paid_anew_takes_the_place_of_all_that_was_paid_before() -> None:
    booking = agreed()
    booking.give_back(Money(300), by=ADMIN)
    assert booking.leave_payment() == Money(1700)
    assert (booking.captured, booking.refunded, booking.kept) == (Money(2000), Money(2000), Money(0))
    quote = replace(DEARER, commission_basis_points=1500, commission=Money(450), time_zone=AMSTERDAM)
    booking.pay_change(quote, payment_id=identified("new"), at=AT + HOUR)
    assert (booking.captured, booking.refunded, booking.kept) == (Money(5001), Money(2000), Money(3001))
    assert (booking.payment_id, booking.paid_at) == (identified("new"), AT + HOUR)
    taken = (booking.quote_id, booking.period, booking.time_zone, booking.gross, booking.commission, booking.proposal)
    assert taken == (quote.id, quote.period, AMSTERDAM, Money(3001), Money(450), None)
    assert booking.payout == Money(3001) - Money(3001).share(1500, 10_000)
    # What was given back before is given back again, and what cancelling gives back counts from the new price.
    assert (booking.give_back_again(Money(300)), booking.kept) == (Money(300), Money(2701))
    assert booking.terms_of_cancellation(by=OWNER, at=AT + HOUR).refund == Money(2701)
    assert booking.give_back_again(Money(9000)) == Money(2701)
    assert booking.kept == Money(0)


def test_all_of_the_new_price_goes_back_where_all_of_the_old_would() -> None:
    booking = agreed()
    booking.leave_payment()
    booking.pay_change(DEARER, payment_id=identified("new"), at=AT + HOUR)
    assert booking.terms_of_cancellation(by=OWNER, at=AT + HOUR).refund == Money(3001)


@pytest.mark.parametrize(
    ("quote_id", "at", "awaits"),
    [
        (DEARER.id, AT, True),
        (DEARER.id, AT + DAY - A_MOMENT, True),
        (DEARER.id, AT + DAY, False),
        (a_quote().id, AT, False),
        (None, AT, False),
    ],
)
def test_money_is_awaited_for_what_was_agreed_until_it_lapses(
    quote_id: QuoteId | None, at: datetime, awaits: bool
) -> None:
    assert agreed().awaits_money_for(quote_id, at=at) is awaits
    assert not wished_for().awaits_money_for(another_quote().id, at=AT)
    assert not a_paid_booking().awaits_money_for(None, at=AT)


def test_agreeing_twice_is_harmless_and_a_change_waits_until_either_start_at_most() -> None:
    booking = wished_for_at(DEARER)
    assert booking.accept_change(DEARER, by=CAREGIVER, at=AT + 2 * HOUR) == Money(0)
    assert booking.proposal is not None
    assert (booking.proposal.accepted_at, booking.proposal.until) == (AT + 2 * HOUR, AT + 2 * HOUR + DAY)
    steps = len(booking.transitions)
    assert booking.accept_change(DEARER, by=CAREGIVER, at=AT + 9 * DAY) == Money(0)
    assert len(booking.transitions) == steps
    late = wished_for_at(another_quote(period=Period(START + DAY, END + DAY)))
    change(late, DEARER, instant_book=False, at=START - HOUR)
    assert late.proposal is not None
    assert late.proposal.until == START
    soon = another_quote(period=Period(AT + 2 * HOUR, AT + 3 * HOUR))
    assert (wished_for_at(soon).proposal or booking.proposal).until == AT + 2 * HOUR


def test_money_for_another_quote_leaves_a_change_alone() -> None:
    for quote_id in (a_quote().id, None):
        booking = agreed()
        booking.give_up_change(quote_id, at=AT)
        assert booking.proposal is not None
    nothing = a_paid_booking()
    nothing.give_up_change(nothing.quote_id, at=AT)
    assert len(nothing.transitions) == len(a_paid_booking().transitions)


def test_agreeing_to_what_holds_already_is_harmless_and_declining_names_what_it_means() -> None:
    booking = wished_for()
    booking.accept_change(another_quote(), by=CAREGIVER, at=AT)
    steps = len(booking.transitions)
    assert booking.accept_change(another_quote(), by=CAREGIVER, at=AT + HOUR) == Money(0)
    assert len(booking.transitions) == steps
    other = agreed()
    with pytest.raises(TermsChanged):
        other.decline_change(by=CAREGIVER, at=AT, seen=a_quote().id)
    other.decline_change(by=CAREGIVER, at=AT, seen=DEARER.id)
    assert other.proposal is None


def test_what_is_free_to_leave_needs_nobodys_leave_up_to_the_last_moment() -> None:
    noon = datetime(2026, 11, 8, 11, tzinfo=AT.tzinfo)
    in_time, late = a_paid_booking(), a_paid_booking()
    change(in_time, at=noon)
    change(late, at=noon + A_MOMENT)
    assert (in_time.proposal, in_time.quote_id) == (None, another_quote().id)
    assert late.proposal is not None
    assert late.proposal.accepted_at is None


def test_what_was_not_wished_for_any_more_is_forgotten_when_the_care_begins() -> None:
    booking = agreed()
    booking.check_in(CareReport(at=START), by=CAREGIVER)
    assert booking.proposal is None
    with pytest.raises(NoChangeProposed):
        booking.accept_change(DEARER, by=CAREGIVER, at=START)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (declined_change("ill"), "ill"),
        (declined_change("change declined: "), "change declined: "),
        (declined_change(None), None),
        ("ill", None),
        (None, None),
    ],
)
def test_why_a_change_was_declined_is_read_from_the_history(told: str | None, reason: str | None) -> None:
    assert reason_of_declined_change(told) == reason


def test_a_dispute_keeps_what_was_said_and_decided() -> None:
    booking = disputed()
    booking.decide_dispute(
        DisputeDecision.REFUND_PART, by=ADMIN, at=END + 2 * HOUR, amount=Money(500), reason="We asked both"
    )
    assert booking.dispute == Dispute(
        opened_at=END + HOUR,
        reason="Nobody came",
        decision=DisputeDecision.REFUND_PART,
        decided_at=END + 2 * HOUR,
        decision_reason="We asked both",
        refund=Money(500),
    )


def test_a_request_keeps_whose_it_is_and_how_to_care() -> None:
    quote, care = another_quote(), care_details()
    its_own = BookingId(identified("its own"))
    booking = Booking.request(id=its_own, quote=quote, caregiver=a_caregiver(), care=care, at=NOW)
    assert (booking.id, booking.quote_id, booking.care) == (its_own, quote.id, care)
    assert (booking.owner_id, booking.caregiver_id) == (quote.owner_id, quote.caregiver_id)


def test_cancelling_adds_to_what_went_back_before() -> None:
    booking = a_paid_booking()
    booking.give_back(Money(500), by=ADMIN)
    terms = booking.cancel(by=OWNER, at=AT)
    assert terms is not None
    assert (terms.refund, booking.refunded) == (Money(1500), Money(2000))


def test_an_admin_who_says_nothing_else_cancels_for_the_caregivers_fault() -> None:
    booking = a_paid_booking()
    terms = booking.cancel(by=ADMIN, at=END)
    assert terms is not None
    assert (terms.refund, terms.fee) == (Money(2000), Money(0))
    assert a_paid_booking().terms_of_cancellation(by=ADMIN, at=END).refund == Money(2000)


# --- refusals


REFUSALS: list[tuple[Callable[[], Booking], Act, str]] = [
    (
        a_booking,
        lambda b: b.accept(by=CAREGIVER, at=NOW + DAY),
        "The booking is pending, but could be accepted until 2026-11-03T09:00:00Z.",
    ),
    (
        a_paid_booking,
        lambda b: b.decline(by=CAREGIVER, at=AT),
        "The booking is paid; only a pending booking can be declined.",
    ),
    (
        in_progress,
        lambda b: b.accept(by=CAREGIVER, at=AT),
        "The booking is in progress; only a pending booking can be accepted.",
    ),
    (
        a_booking,
        lambda b: b.require_payable(by=OWNER, at=AT),
        "The booking is pending; only an accepted booking can be paid.",
    ),
    (
        accepted_meeting,
        lambda b: b.require_payable(by=OWNER, at=AT),
        "The booking is accepted, and a meet-and-greet is free.",
    ),
    (
        an_accepted_booking,
        lambda b: b.require_payable(by=OWNER, at=NOW + DAY),
        "The booking is accepted, but could be paid until 2026-11-03T09:00:00Z.",
    ),
    (
        completed,
        lambda b: b.cancel(by=OWNER, at=AT),
        "The booking is completed; only a pending, accepted or paid booking can be cancelled.",
    ),
    (
        a_paid_booking,
        lambda b: b.cancel(by=OWNER, at=START),
        "The booking is paid and has started; only an admin can cancel it now.",
    ),
    (
        a_booking,
        lambda b: change(b, another_quote(meet_and_greet=True)),
        "The booking is pending; a meet-and-greet is cancelled and asked for anew instead.",
    ),
    (
        accepted_meeting,
        change,
        "The booking is accepted; a meet-and-greet is cancelled and asked for anew instead.",
    ),
    (
        completed,
        change,
        "The booking is completed; only a pending, accepted or paid booking can be changed.",
    ),
    (a_booking, lambda b: change(b, at=START), "The booking is pending and has started."),
    (
        a_booking,
        lambda b: change(b, at=NOW + DAY),
        "The booking is pending, but could be changed until 2026-11-03T09:00:00Z.",
    ),
    (
        an_accepted_booking,
        lambda b: change(b, at=NOW + DAY),
        "The booking is accepted, but could be changed until 2026-11-03T09:00:00Z.",
    ),
    (
        charged_back,
        change,
        "The booking is paid, but the owner's bank has asked for the money back.",
    ),
    (
        a_paid_booking,
        lambda b: b.decline_change(by=CAREGIVER, at=AT),
        "The booking is paid, and nobody asks for another.",
    ),
    (
        in_progress,
        lambda b: b.withdraw_change(by=OWNER, at=AT),
        "The booking is in progress, and nobody asks for another.",
    ),
    (
        wished_for,
        lambda b: b.accept_change(a_quote(), by=CAREGIVER, at=AT),
        "The booking is paid, and its owner asks for another change by now.",
    ),
    (
        wished_for,
        lambda b: b.accept_change(another_quote(), by=CAREGIVER, at=AT + DAY),
        "The booking is paid, and its change could be accepted until 2026-11-03T10:00:00Z.",
    ),
    (
        wished_for,
        lambda b: b.require_payable(by=OWNER, at=AT),
        "The booking is paid; the caregiver can agree to its change until 2026-11-03T10:00:00Z.",
    ),
    (
        agreed,
        lambda b: b.require_payable(by=OWNER, at=AT + DAY),
        "The booking is paid, and its change could be paid until 2026-11-03T10:00:00Z.",
    ),
    (
        a_paid_booking,
        lambda b: change(b, another_quote(period=Period(START, NOW + 60 * DAY + A_MOMENT))),
        "The booking is paid; its money is held until 2027-01-01T09:00:00Z at most.",
    ),
    (
        an_accepted_booking,
        lambda b: b.check_in(CareReport(at=START), by=CAREGIVER),
        "The booking is accepted; only a paid booking can be checked in.",
    ),
    (
        a_paid_booking,
        lambda b: b.check_in(CareReport(at=START - HOUR / 2 - A_MOMENT), by=CAREGIVER),
        "The booking is paid and can be checked in from 2026-11-09T08:30:00Z.",
    ),
    (
        a_paid_booking,
        lambda b: b.check_out(CareReport(at=END), by=CAREGIVER),
        "The booking is paid; only a booking in progress can be checked out.",
    ),
    (
        a_paid_booking,
        lambda b: b.open_dispute(by=OWNER, at=END, reason="no"),
        "The booking is paid; only a completed booking can be disputed.",
    ),
    (
        met,
        lambda b: b.open_dispute(by=OWNER, at=END, reason="no"),
        "The booking is completed, but a meet-and-greet is free.",
    ),
    (
        decided,
        lambda b: b.open_dispute(by=OWNER, at=END + 3 * HOUR, reason="no"),
        "The booking is completed and its dispute is decided; that is final.",
    ),
    (
        completed,
        lambda b: b.open_dispute(by=OWNER, at=END + 3 * DAY, reason="no"),
        "The booking is completed, but could be disputed until 2026-11-12T10:00:00Z.",
    ),
    (
        completed,
        decide(DisputeDecision.PAY),
        "The booking is completed; only a disputed booking can be decided.",
    ),
    (
        an_accepted_booking,
        lambda b: b.give_back(None, by=ADMIN),
        "The booking is accepted; there is no money to give back this way.",
    ),
    (
        a_paid_booking,
        lambda b: b.give_back(Money(2001), by=ADMIN),
        "The booking is paid, and 2000 cents of it can be given back.",
    ),
]


@pytest.mark.parametrize(("begun", "act", "words"), REFUSALS, ids=[words for _, _, words in REFUSALS])
def test_a_refusal_says_how_things_stand(begun: Callable[[], Booking], act: Act, words: str) -> None:
    booking = begun()
    before = replace(booking, transitions=list(booking.transitions), events=list(booking.events))
    with pytest.raises(DomainError) as refused:
        act(booking)
    assert str(refused.value) == words
    assert booking == before


@pytest.mark.parametrize(
    ("quote", "kind"),
    [
        (another_quote(service=Service.DOG_TRAINING), QuoteForSomethingElse),
        (another_quote(caregiver_id=CaregiverId(identified("another"))), QuoteForSomethingElse),
        (a_quote(), NothingChanges),
    ],
)
def test_a_quote_of_no_use_for_a_change_is_named_as_the_culprit(quote: Quote, kind: type[InvalidInput]) -> None:
    with pytest.raises(kind) as refused:
        change(a_booking(), quote)
    assert refused.value.field == "quoteId"


def test_the_same_pets_in_another_order_are_no_change_and_other_pets_are() -> None:
    two = [a_pet("Rex"), a_pet("Bella")]
    booking = replace(a_booking(), pet_ids=tuple(pet.id for pet in two))
    with pytest.raises(NothingChanges):
        change(booking, a_quote(pets=two[::-1]))
    change(booking, a_quote(pets=two[:1]))
    assert booking.pet_ids == (two[0].id,)


def test_the_last_moments_to_change_are_in_time() -> None:
    change(a_booking(), at=NOW + DAY - A_MOMENT)
    change(an_accepted_booking(), at=NOW + DAY - A_MOMENT)
    soon = a_booking(period=Period(AT, AT + HOUR))
    with pytest.raises(BookingNotChangeable):
        change(soon, at=AT)
    for booking, refusal in ((a_booking(), AnswerOverdue), (an_accepted_booking(), PayWindowClosed)):
        with pytest.raises(refusal):
            change(booking, at=NOW + DAY)


def test_what_is_paid_may_cost_as_much_and_end_sixty_days_after_it_was_paid() -> None:
    booking = a_paid_booking()
    longest = another_quote(period=Period(START, NOW + 60 * DAY), gross=Money(2000), commission=Money(400))
    assert change(booking, longest) == Money(0)
    dearer = replace(longest, gross=Money(2001))
    with pytest.raises(ChangeTooFarAhead):
        change(a_paid_booking(), replace(dearer, period=Period(START, AT + 60 * DAY + A_MOMENT)))
    waiting = a_paid_booking()
    assert change(waiting, replace(dearer, period=Period(START, AT + 60 * DAY))) == Money(0)
    assert waiting.awaits_money_for(dearer.id, at=AT)
    with pytest.raises(ChangeTooFarAhead):
        change(a_paid_booking(), replace(longest, period=Period(START, NOW + 60 * DAY + A_MOMENT)))


# --- what is owed


@pytest.mark.parametrize(
    ("status", "was_disputed", "meet_and_greet", "is_open"),
    [
        (BookingStatus.COMPLETED, False, False, True),
        (BookingStatus.COMPLETED, True, False, False),
        (BookingStatus.COMPLETED, False, True, False),
        (BookingStatus.DISPUTED, False, False, False),
        (BookingStatus.CANCELLED, False, False, False),
    ],
)
def test_the_time_to_dispute_is_told_only_while_it_runs(
    status: BookingStatus, was_disputed: bool, meet_and_greet: bool, is_open: bool
) -> None:
    told = disputable_until(status, END, was_disputed=was_disputed, meet_and_greet=meet_and_greet)
    assert told == (END + 3 * DAY if is_open else None)
    assert disputable_until(status, None, was_disputed=was_disputed, meet_and_greet=meet_and_greet) is None


@pytest.mark.parametrize(
    ("kept", "basis_points", "share"),
    [(3333, 2000, 2666), (2, 2000, 2), (3, 2000, 2), (0, 2000, 0), (1000, 1500, 850), (1000, 10_000, 0)],
)
def test_the_caregivers_share_is_what_the_commission_leaves(kept: int, basis_points: int, share: int) -> None:
    assert share_of_caregiver(Money(kept), basis_points) == Money(share)


@pytest.mark.parametrize(
    ("status", "is_due", "is_frozen", "is_paid", "state"),
    [
        (BookingStatus.DISPUTED, True, False, False, PayoutState.HELD),
        (BookingStatus.DISPUTED, False, False, False, PayoutState.HELD),
        (BookingStatus.COMPLETED, True, False, False, PayoutState.SCHEDULED),
        (BookingStatus.COMPLETED, True, True, False, PayoutState.HELD),
        (BookingStatus.COMPLETED, False, True, False, PayoutState.NONE),
        (BookingStatus.COMPLETED, False, False, False, PayoutState.NONE),
        (BookingStatus.COMPLETED, True, True, True, PayoutState.PAID),
        (BookingStatus.CANCELLED, False, False, True, PayoutState.PAID),
    ],
)
def test_what_becomes_of_the_share(
    status: BookingStatus, is_due: bool, is_frozen: bool, is_paid: bool, state: PayoutState
) -> None:
    due_at, paid_out_at = END if is_due else None, END if is_paid else None
    assert payout_state(status, due_at=due_at, is_frozen=is_frozen, paid_out_at=paid_out_at) is state


@pytest.mark.parametrize(("at", "is_due"), [(END - timedelta(seconds=1), False), (END, True)])
def test_a_share_is_due_from_its_instant_on_unless_something_holds_it(at: datetime, is_due: bool) -> None:
    booking = replace(a_booking(), status=BookingStatus.COMPLETED, payout_due_at=END)
    assert booking.is_payout_due(at) is is_due
    for held in (
        replace(booking, status=BookingStatus.DISPUTED),
        replace(booking, payout_is_frozen=True),
        replace(booking, paid_out_at=END),
        replace(booking, payout_due_at=None),
    ):
        assert not held.is_payout_due(at)


def test_a_frozen_share_is_released_once_and_a_payout_recorded_once() -> None:
    booking = replace(a_booking(), status=BookingStatus.COMPLETED, payout_due_at=END)
    booking.freeze_payout()
    assert booking.payout_is_frozen
    assert booking.release_payout()
    assert not booking.release_payout()
    booking.record_payout(at=END)
    booking.record_payout(at=END + timedelta(days=1))
    assert booking.paid_out_at == END


def test_a_bank_takes_no_more_than_is_kept() -> None:
    whole = replace(
        a_booking(), status=BookingStatus.COMPLETED, captured=Money(2000), refunded=Money(500), payout_due_at=END
    )
    assert whole.lose_to_bank(Money(600)) == Money(600)
    assert (whole.refunded, whole.payout_due_at) == (Money(1100), END)
    assert whole.lose_to_bank(Money(2000)) == Money(900)
    assert (whole.refunded, whole.payout_due_at) == (Money(2000), None)
    undue = replace(a_booking(), captured=Money(2000), payout_due_at=None)
    undue.lose_to_bank(Money(5))
    assert undue.payout_due_at is None


def test_instants_in_refusals_are_whole_seconds_of_utc() -> None:
    assert in_words(NOW + timedelta(milliseconds=1500)) == "2026-11-02T09:00:01Z"


def test_a_payout_that_nothing_is_left_for_is_not_owed() -> None:
    booking = completed()
    booking.give_back(Money(500), by=ADMIN)
    assert (booking.payout_due_at, booking.payout) == (END + 3 * DAY, euros("12.00"))
    booking.give_back(None, by=ADMIN)
    assert (booking.payout_due_at, booking.kept, booking.refunded) == (None, Money(0), Money(2000))


def test_money_is_taken_only_for_the_very_terms_it_was_asked_for() -> None:
    for captured, quote_id in (
        (Money(1999), None),
        (Money(2001), None),
        (Money(2000), QuoteId(identified("another quote"))),
    ):
        booking = an_accepted_booking()
        outcome = booking.mark_paid(payment_id=identified("payment"), captured=captured, at=AT, quote_id=quote_id)
        assert (outcome, booking.captured, booking.payment_id) == (MoneyOutcome.GIVE_BACK, Money(0), None)
    booking = an_accepted_booking()
    paid = booking.mark_paid(payment_id=identified("payment"), captured=Money(2000), at=AT, quote_id=booking.quote_id)
    assert (paid, booking.captured, booking.paid_at) == (MoneyOutcome.PAID, Money(2000), AT)
    assert booking.payment_id == identified("payment")
