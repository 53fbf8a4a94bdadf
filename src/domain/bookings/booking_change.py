"""What must hold before a booking gets other dates or pets, and what money goes back then."""

from datetime import datetime

from domain.bookings.booking_life import BookingStatus
from domain.bookings.booking_refusals import (
    AnswerOverdue,
    BookingNotChangeable,
    ChangeNeedsCaregiver,
    ChangeTooFarAhead,
    DearerChange,
    NothingChanges,
    PayWindowClosed,
    QuoteForSomethingElse,
)
from domain.bookings.booking_state import FUNDS_HELD_AT_MOST, BookingState, in_words
from domain.bookings.cancellation import refund_percent
from domain.bookings.quote import Quote
from domain.shared.money import Money

CHANGEABLE = frozenset({BookingStatus.PENDING, BookingStatus.ACCEPTED, BookingStatus.PAID})


def check_change(booking: BookingState, quote: Quote, *, is_instant: bool, at: datetime) -> None:
    """Raises unless the owner may have what was quoted instead. `is_instant`: the caregiver need not be asked.

    A paid booking changes without the caregiver's word only as long as the owner could cancel it for nothing.
    """
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
        _check_paid(booking, quote, is_instant=is_instant, at=at)


def refund_of_change(booking: BookingState, gross: Money) -> Money:
    """By how much the new price is lower, of what is still kept; nothing before the money arrived."""
    return min(max(booking.gross - gross, Money.zero(gross.currency)), booking.kept)


def what_changed(booking: BookingState, seen: Quote) -> str:
    """What a booking says otherwise than the quote it had when somebody looked at it, and what it says now."""
    differs = {
        "dates": seen.period != booking.period,
        "pets": set(seen.pet_ids) != set(booking.pet_ids),
        "price": seen.gross != booking.gross,
    }
    names = [name for name, is_other in differs.items() if is_other]
    changed = f"other {' and '.join(names)}" if names else "another quote"
    return (
        f"The booking is {booking.state_in_words}, but has {changed} now: {in_words(booking.period.start)} to "
        f"{in_words(booking.period.end)}, {len(booking.pet_ids)} pets, {booking.gross.amount_cents} cents."
    )


def _require_not_overdue(booking: BookingState, at: datetime) -> None:
    if booking.status is BookingStatus.PENDING and at >= booking.answer_until:
        raise AnswerOverdue(f"The booking is pending, but could be changed until {in_words(booking.answer_until)}.")
    closes = booking.pay_until
    if booking.status is BookingStatus.ACCEPTED and closes is not None and at >= closes:
        raise PayWindowClosed(f"The booking is accepted, but could be changed until {in_words(closes)}.")


def _check_paid(booking: BookingState, quote: Quote, *, is_instant: bool, at: datetime) -> None:
    free = refund_percent(booking.policy, start=booking.period.start, time_zone=booking.time_zone, at=at) == 100
    if not (is_instant and free):
        raise ChangeNeedsCaregiver("The booking is paid, and the caregiver has not left changing it to the owner.")
    if quote.gross > booking.gross:
        raise DearerChange("The booking is paid; it can be changed to what costs as much or less.")
    if booking.paid_at is not None and quote.period.end > booking.paid_at + FUNDS_HELD_AT_MOST:
        latest = in_words(booking.paid_at + FUNDS_HELD_AT_MOST)
        raise ChangeTooFarAhead(f"The booking is paid; its money is held until {latest} at most.")
