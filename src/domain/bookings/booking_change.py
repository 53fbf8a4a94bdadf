"""What must hold before a booking gets other dates or pets, and what money goes back then."""

from collections.abc import Sequence
from datetime import datetime

from domain.bookings.booking_life import BookingStatus
from domain.bookings.booking_refusals import (
    AnswerOverdue,
    BookingNotChangeable,
    ChangeTooFarAhead,
    NothingChanges,
    PayWindowClosed,
    QuoteForSomethingElse,
)
from domain.bookings.booking_state import FUNDS_HELD_AT_MOST, BookingState, in_words
from domain.bookings.cancellation import refund_percent
from domain.bookings.quote import Quote
from domain.pets.pet import PetId
from domain.shared.money import Money
from domain.shared.period import Period

_DECLINED = "change declined"
CHANGEABLE = frozenset({BookingStatus.PENDING, BookingStatus.ACCEPTED, BookingStatus.PAID})


def check_change(booking: BookingState, quote: Quote, *, at: datetime) -> None:
    """Raises unless the owner may ask for what was quoted instead."""
    if (quote.caregiver_id, quote.service) != (booking.caregiver_id, booking.service):
        raise QuoteForSomethingElse(field="quoteId")
    if quote.period == booking.period and set(quote.pet_ids) == set(booking.pet_ids):
        raise NothingChanges(field="quoteId")
    if booking.meet_and_greet or quote.meet_and_greet:
        raise BookingNotChangeable(
            f"The booking is {booking.state_in_words}; a meet-and-greet is cancelled and asked for anew instead."
        )
    if booking.status not in CHANGEABLE:
        raise BookingNotChangeable(
            f"The booking is {booking.state_in_words}; only a pending, accepted or paid booking can be changed."
        )
    if at >= booking.period.start:
        raise BookingNotChangeable(f"The booking is {booking.state_in_words} and has started.")
    _require_not_overdue(booking, at)
    if booking.status is BookingStatus.PAID:
        _check_paid(booking, quote, at=at)


def is_free_to_leave(booking: BookingState, at: datetime) -> bool:
    """Whether the owner gets everything back when he cancels now."""
    return refund_percent(booking.policy, start=booking.period.start, time_zone=booking.time_zone, at=at) == 100


def refund_of_change(booking: BookingState, gross: Money) -> Money:
    """By how much the new price is lower, of what is still kept; nothing before the money arrived."""
    return min(max(booking.gross - gross, Money.zero(gross.currency)), booking.kept)


def terms_in_words(period: Period, pet_ids: Sequence[PetId], gross: Money) -> str:
    """As the history of a booking names them."""
    return f"{in_words(period.start)} to {in_words(period.end)}, {len(pet_ids)} pets, {gross.amount_cents} cents"


def declined_change(reason: str | None) -> str:
    """As the history of a booking names it."""
    return _DECLINED if reason is None else f"{_DECLINED}: {reason}"


def reason_of_declined_change(told: str | None) -> str | None:
    """The caregiver's own words in what the history tells; None when there are none, or it tells something else."""
    prefix = f"{_DECLINED}: "
    return told.removeprefix(prefix) if told is not None and told.startswith(prefix) else None


def what_changed(booking: BookingState, seen: Quote) -> str:
    """What a booking says otherwise than the quote it had when somebody looked at it, and what it says now."""
    differs = {
        "dates": seen.period != booking.period,
        "pets": set(seen.pet_ids) != set(booking.pet_ids),
        "price": seen.gross != booking.gross,
    }
    names = [name for name, is_other in differs.items() if is_other]
    changed = f"other {' and '.join(names)}" if names else "another quote"
    now = terms_in_words(booking.period, booking.pet_ids, booking.gross)
    return f"The booking is {booking.state_in_words}, but has {changed} now: {now}."


def _require_not_overdue(booking: BookingState, at: datetime) -> None:
    if booking.status is BookingStatus.PENDING and at >= booking.answer_until:
        raise AnswerOverdue(f"The booking is pending, but could be changed until {in_words(booking.answer_until)}.")
    closes = booking.pay_until
    if booking.status is BookingStatus.ACCEPTED and closes is not None and at >= closes:
        raise PayWindowClosed(f"The booking is accepted, but could be changed until {in_words(closes)}.")


def _check_paid(booking: BookingState, quote: Quote, *, at: datetime) -> None:
    if booking.payout_is_frozen:
        raise BookingNotChangeable("The booking is paid, but the owner's bank has asked for the money back.")
    # A higher price is paid anew.
    paid_at = at if quote.gross > booking.gross else booking.paid_at
    if paid_at is not None and quote.period.end > paid_at + FUNDS_HELD_AT_MOST:
        latest = in_words(paid_at + FUNDS_HELD_AT_MOST)
        raise ChangeTooFarAhead(f"The booking is paid; its money is held until {latest} at most.")
