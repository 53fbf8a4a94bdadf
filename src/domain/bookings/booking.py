"""A priced period of care between one owner and one caregiver."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Self
from uuid import UUID

from domain.bookings.booking_change import check_change, terms_in_words, what_changed
from domain.bookings.booking_life import (
    ActorRole,
    BookingAccepted,
    BookingCancelled,
    BookingChanged,
    BookingDeclined,
    BookingExpired,
    BookingId,
    BookingPaid,
    BookingRequested,
    BookingStatus,
    BookingTransition,
    SeriesId,
)
from domain.bookings.booking_open_to_change import BookingOpenToChange
from domain.bookings.booking_refusals import (
    AnswerOverdue,
    BookingNotAccepted,
    BookingNotCancellable,
    BookingNotPending,
    NothingToPay,
    PayWindowClosed,
    PayWindowNotOpen,
    TermsChanged,
)
from domain.bookings.booking_state import FUNDS_HELD_AT_MOST, PAYOUT_DELAY, in_words
from domain.bookings.cancellation import CancellationTerms, cancellation_terms
from domain.bookings.care_details import CareDetails
from domain.bookings.quote import Quote, QuoteId
from domain.caregivers.caregiver_profile import CaregiverProfile
from domain.shared.actor import AccountId, Actor
from domain.shared.money import Money

ANSWER_WINDOW = timedelta(hours=24)
PAY_WINDOW = timedelta(hours=24)

CANCELLABLE = frozenset({BookingStatus.PENDING, BookingStatus.ACCEPTED, BookingStatus.PAID})
_CANCELLABLE_BY_ADMINS = CANCELLABLE | {BookingStatus.IN_PROGRESS}


class MoneyOutcome(Enum):
    """What becomes of money that arrived for a booking."""

    PAID = auto()
    ALREADY_COUNTED = auto()
    GIVE_BACK = auto()


@dataclass(slots=True, kw_only=True)
class Booking(BookingOpenToChange):
    """The aggregate: every transition is a method, guarded by actor, state and time."""

    @classmethod
    def request(
        cls,
        *,
        id: BookingId,  # noqa: A002
        quote: Quote,
        caregiver: CaregiverProfile,
        care: CareDetails,
        at: datetime,
        series_id: SeriesId | None = None,
        is_announced: bool = True,
    ) -> Self:
        """A booking at the numbers of a used quote, pending, or accepted at once by an instant-book caregiver.

        Of the bookings of a series one is announced for all.
        """
        booking = cls(
            id=id,
            owner_id=quote.owner_id,
            caregiver_id=caregiver.id,
            quote_id=quote.id,
            series_id=series_id,
            service=quote.service,
            period=quote.period,
            time_zone=quote.time_zone,
            pet_ids=quote.pet_ids,
            care=care,
            policy=caregiver.cancellation_policy,
            gross=quote.gross,
            commission=quote.commission,
            commission_basis_points=quote.commission_basis_points,
            requested_at=at,
            answer_until=min(at + ANSWER_WINDOW, quote.period.start),
            meet_and_greet=quote.meet_and_greet,
        )
        requested = BookingTransition(
            from_status=None,
            to_status=BookingStatus.PENDING,
            at=at,
            actor_id=quote.owner_id,
            actor_role=ActorRole.OWNER,
        )
        booking.transitions.append(requested)
        if is_announced:
            booking._report(BookingRequested, at)
        if caregiver.instant_book:
            booking._accept(at, actor_id=caregiver.account_id, reason="instant book")
        return booking

    def accept(self, *, by: Actor, at: datetime, seen: Quote | None = None) -> None:
        """The caregiver agrees, which opens the pay window. Raises AnswerOverdue once the time to answer is over.

        `seen` are the terms he agrees to, if he names them. Raises TermsChanged when they are no longer those.
        """
        self._require_caregiver(by)
        self._require_pending("accepted")
        if at >= self.answer_until:
            raise AnswerOverdue(f"The booking is pending, but could be accepted until {in_words(self.answer_until)}.")
        if seen is not None and seen.id != self.quote_id:
            raise TermsChanged(what_changed(self, seen))
        self._accept(at, actor_id=by.account_id)

    def decline(self, *, by: Actor, at: datetime, reason: str | None = None) -> None:
        """The caregiver says no."""
        self._require_caregiver(by)
        self._require_pending("declined")
        self._move(BookingStatus.DECLINED, at, actor_id=by.account_id, role=ActorRole.CAREGIVER, reason=reason)
        self._report(BookingDeclined, at)

    def change(self, quote: Quote, *, by: Actor, caregiver: CaregiverProfile, at: datetime) -> Money:
        """The owner wishes for period, pets and numbers of a used quote. Raises what `check_change` raises.

        Unpaid, the booking is asked for anew: pending, or accepted at once by an instant-book caregiver. Paid, it stays
        so, and changes at once or keeps the quote as its `proposal`. Answers what goes back, which counts as `refunded`
        from now on; paying it is the caller's next step.
        """
        self._require_owner(by)
        check_change(self, quote, at=at)
        if self.status is BookingStatus.PAID:
            return self._change_paid(quote, by=by, is_instant=caregiver.instant_book, at=at)
        had_to_pay_until = self.pay_until
        reason = f"changed; before: {terms_in_words(self.period, self.pet_ids, self.gross)}"
        self._take_over(quote)
        self._move(BookingStatus.PENDING, at, actor_id=by.account_id, role=ActorRole.OWNER, reason=reason)
        self._report(BookingChanged, at)
        self.answer_until = min(at + ANSWER_WINDOW, self.period.start)
        self.accepted_at = self.pay_window_opens_at = self.pay_until = None
        if caregiver.instant_book:
            self._accept(at, actor_id=caregiver.account_id, reason="instant book")
            self._grant_no_more_time(had_to_pay_until)
        return Money.zero(self.gross.currency)

    def _grant_no_more_time(self, had_to_pay_until: datetime | None) -> None:
        """Nobody keeps a place without paying by changing again and again."""
        if had_to_pay_until and self.pay_until and self.pay_window_opens_at == self.accepted_at:
            self.pay_until = min(self.pay_until, had_to_pay_until)

    def expire(self, *, at: datetime) -> bool:
        """Lets the booking lapse when nobody answered or paid in time, or the change that was asked for of a paid one;
        False, and nothing done, when it is not due."""
        match self.status:
            case BookingStatus.PENDING:
                deadline, reason = self.answer_until, "not answered in time"
            case BookingStatus.ACCEPTED:
                deadline, reason = self.pay_until, "not paid in time"
            case BookingStatus.PAID:
                return self._let_change_lapse(at)
            case _:
                return False
        if deadline is None or at < deadline:
            return False
        self._move(BookingStatus.EXPIRED, at, actor_id=None, role=ActorRole.SYSTEM, reason=reason)
        self._report(BookingExpired, at)
        return True

    def require_payable(self, *, by: Actor, at: datetime) -> QuoteId:
        """The terms to pay for: those of the booking, or the agreed ones of a paid one. Raises unless `by` is the owner
        and may pay now: NothingToPay, BookingNotAccepted, PayWindowNotOpen, PayWindowClosed, ChangeNotAccepted.
        """
        self._require_owner(by)
        if self.proposal is not None:
            return self._quote_of_change_to_pay(at)
        if self.meet_and_greet:
            raise NothingToPay(f"The booking is {self.state_in_words}, and a meet-and-greet is free.")
        opens, closes = self.pay_window_opens_at, self.pay_until
        if self.status is not BookingStatus.ACCEPTED or opens is None or closes is None:
            raise BookingNotAccepted(f"The booking is {self.state_in_words}; only an accepted booking can be paid.")
        if at < opens:
            raise PayWindowNotOpen(f"The booking is accepted and can be paid from {in_words(opens)}.")
        if at >= closes:
            raise PayWindowClosed(f"The booking is accepted, but could be paid until {in_words(closes)}.")
        return self.quote_id

    def mark_paid(
        self, *, payment_id: UUID, captured: Money, at: datetime, quote_id: QuoteId | None = None
    ) -> MoneyOutcome:
        """Counts money that arrived for a quote. Never raises: money the booking has no use for is to be given back."""
        if self.payment_id == payment_id:
            return MoneyOutcome.ALREADY_COUNTED
        if self.status is not BookingStatus.ACCEPTED or self.meet_and_greet:
            return MoneyOutcome.GIVE_BACK
        if captured != self.gross or quote_id not in (None, self.quote_id):
            # It was asked for before a change, on other terms.
            return MoneyOutcome.GIVE_BACK
        self.payment_id = payment_id
        self.captured = captured
        self.paid_at = at
        self._move(BookingStatus.PAID, at, actor_id=None, role=ActorRole.SYSTEM, reason="money arrived")
        self._report(BookingPaid, at)
        return MoneyOutcome.PAID

    def terms_of_cancellation(self, *, by: Actor, at: datetime, caregiver_fault: bool = True) -> CancellationTerms:
        """What cancelling at `at` would give back and cost. `caregiver_fault` counts for admins only."""
        role = self.role_of(by)
        if self.status not in (_CANCELLABLE_BY_ADMINS if role is ActorRole.ADMIN else CANCELLABLE):
            raise BookingNotCancellable(
                f"The booking is {self.state_in_words}; only a pending, accepted or paid booking can be cancelled."
            )
        # What a change made cheaper has gone back already, and is no part of the price any more.
        spared = max(self.captured - self.gross, Money.zero(self.gross.currency))
        return cancellation_terms(
            policy=self.policy,
            start=self.period.start,
            time_zone=self.time_zone,
            at=at,
            captured=self.captured - spared,
            refunded=self.refunded - spared,
            caregiver_fault=role is ActorRole.CAREGIVER or (role is ActorRole.ADMIN and caregiver_fault),
        )

    def cancel(
        self, *, by: Actor, at: datetime, reason: str | None = None, caregiver_fault: bool = True
    ) -> CancellationTerms | None:
        """Ends the booking: owner and caregiver until start, admins also later. None when it was cancelled already.

        The refund of the terms counts as `refunded` from now on; paying it out is the caller's next step.
        """
        role = self.role_of(by)
        if self.status is BookingStatus.CANCELLED:
            return None
        terms = self.terms_of_cancellation(by=by, at=at, caregiver_fault=caregiver_fault)
        if role is not ActorRole.ADMIN and at >= self.period.start:
            raise BookingNotCancellable(
                f"The booking is {self.state_in_words} and has started; only an admin can cancel it now."
            )
        self.refunded += terms.refund
        self._owe_payout(at + PAYOUT_DELAY)
        self._move(BookingStatus.CANCELLED, at, actor_id=by.account_id, role=role, reason=reason)
        self._report(BookingCancelled, at)
        return terms

    def _accept(self, at: datetime, *, actor_id: AccountId, reason: str | None = None) -> None:
        self.accepted_at = at
        if not self.meet_and_greet:
            self.pay_window_opens_at = max(at, self.period.end - FUNDS_HELD_AT_MOST)
            self.pay_until = min(self.pay_window_opens_at + PAY_WINDOW, self.period.start)
        self._move(BookingStatus.ACCEPTED, at, actor_id=actor_id, role=ActorRole.CAREGIVER, reason=reason)
        self._report(BookingAccepted, at)

    def _require_pending(self, wish: str) -> None:
        if self.status is not BookingStatus.PENDING:
            raise BookingNotPending(f"The booking is {self.state_in_words}; only a pending booking can be {wish}.")
