"""The life of a paid booking whose owner wishes for other dates or pets."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.bookings.booking_change import (
    check_change,
    declined_change,
    is_free_to_leave,
    refund_of_change,
    terms_in_words,
)
from domain.bookings.booking_in_care import BookingInCare
from domain.bookings.booking_life import (
    ActorRole,
    BookingChangeAccepted,
    BookingChanged,
    BookingChangeDeclined,
    BookingChangeLapsed,
    BookingChangeProposed,
    BookingChangeWithdrawn,
    BookingStatus,
)
from domain.bookings.booking_refusals import (
    ChangeNotAccepted,
    ChangeOverdue,
    NoChangeProposed,
    PayWindowClosed,
    TermsChanged,
)
from domain.bookings.booking_state import in_words
from domain.bookings.proposed_change import ProposedChange
from domain.bookings.quote import Quote, QuoteId
from domain.shared.actor import AccountId, Actor
from domain.shared.money import Money

CHANGE_WINDOW = timedelta(hours=24)


@dataclass(slots=True, kw_only=True)
class BookingOpenToChange(BookingInCare):
    """Other terms hold once the caregiver has agreed, unless he books instantly and the owner could cancel for nothing,
    and once they are paid, if they are dearer. Until then the booking is what it was, and holds its own place only.
    """

    def accept_change(self, quote: Quote, *, by: Actor, at: datetime) -> Money:
        """The caregiver agrees to a quote; what goes back counts as `refunded` from now on, and is answered.

        What is dearer waits for the owner's money. Accepting what holds already is harmless. Raises NoChangeProposed,
        TermsChanged (another quote was proposed since), ChangeOverdue, and what `check_change` raises.
        """
        self._require_caregiver(by)
        if self.proposal is None and self.quote_id == quote.id:
            return Money.zero(self.gross.currency)
        proposal = self._require_proposal(seen=quote.id)
        if proposal.accepted_at is not None:
            return Money.zero(self.gross.currency)
        if at >= proposal.until:
            raise ChangeOverdue(
                f"The booking is paid, and its change could be accepted until {in_words(proposal.until)}."
            )
        check_change(self, quote, at=at)
        if quote.gross <= self.gross:
            return self._change_to(quote, at, actor_id=by.account_id, role=ActorRole.CAREGIVER)
        self.proposal = replace(proposal, accepted_at=at, until=self._end_of_wait(quote, at))
        self._note("change accepted, to be paid", at, actor_id=by.account_id, role=ActorRole.CAREGIVER)
        self._report(BookingChangeAccepted, at, proposed_quote_id=quote.id)
        return Money.zero(self.gross.currency)

    def decline_change(
        self, *, by: Actor, at: datetime, reason: str | None = None, seen: QuoteId | None = None
    ) -> None:
        """The caregiver says no, also to what he has agreed to while it is not paid. `seen` is the quote that he means,
        if he names it. Raises NoChangeProposed, TermsChanged."""
        self._require_caregiver(by)
        self._require_proposal(seen=seen)
        self.proposal = None
        self._note(declined_change(reason), at, actor_id=by.account_id, role=ActorRole.CAREGIVER)
        self._report(BookingChangeDeclined, at)

    def withdraw_change(self, *, by: Actor, at: datetime) -> None:
        """The owner is content with what is. Raises NoChangeProposed."""
        self._require_owner(by)
        self._require_proposal()
        self.proposal = None
        self._note("change withdrawn", at, actor_id=by.account_id, role=ActorRole.OWNER)
        self._report(BookingChangeWithdrawn, at)

    def give_up_change(self, quote_id: QuoteId | None, *, at: datetime) -> None:
        """Money that came for it goes back: it lapsed, or cannot be had any more. Nothing for another quote."""
        if self.proposal is None or self.proposal.quote_id != quote_id:
            return
        self.proposal = None
        self._note("change not possible any more", at, actor_id=None, role=ActorRole.SYSTEM)
        self._report(BookingChangeLapsed, at)

    def awaits_money_for(self, quote_id: QuoteId | None, *, at: datetime) -> bool:
        """Whether the terms of that quote are agreed, and hold once they are paid."""
        proposal = self.proposal
        if proposal is None or proposal.accepted_at is None:
            return False
        return proposal.quote_id == quote_id and at < proposal.until

    def leave_payment(self) -> Money:
        """Counts as `refunded` all that is kept, and answers it: other money takes its place."""
        left = self.kept
        self.refunded += left
        return left

    def pay_change(self, quote: Quote, *, payment_id: UUID, at: datetime) -> None:
        """The price of the agreed terms has arrived, and what was paid before has been left."""
        self.payment_id, self.paid_at = payment_id, at
        self.captured += quote.gross
        self._change_to(quote, at, actor_id=None, role=ActorRole.SYSTEM)

    def give_back_again(self, given: Money) -> Money:
        """What had been given back of the price before is given back of the new one, too; it counts as `refunded` from
        now on, and is answered."""
        refund = min(given, self.kept)
        self.refunded += refund
        return refund

    def _change_paid(self, quote: Quote, *, by: Actor, is_instant: bool, at: datetime) -> Money:
        """What goes back; nothing, if the terms have to be agreed to or paid first."""
        needs_nobody = is_instant and is_free_to_leave(self, at)
        if needs_nobody and quote.gross <= self.gross:
            return self._change_to(quote, at, actor_id=by.account_id, role=ActorRole.OWNER)
        self.proposal = ProposedChange(
            quote_id=quote.id,
            asked_at=at,
            until=self._end_of_wait(quote, at),
            accepted_at=at if needs_nobody else None,
        )
        asked_for = f"change asked for: {terms_in_words(quote.period, quote.pet_ids, quote.gross)}"
        self._note(asked_for, at, actor_id=by.account_id, role=ActorRole.OWNER)
        if not needs_nobody:
            self._report(BookingChangeProposed, at, proposed_quote_id=quote.id)
        return Money.zero(self.gross.currency)

    def _quote_of_change_to_pay(self, at: datetime) -> QuoteId:
        """Raises NoChangeProposed, ChangeNotAccepted, PayWindowClosed."""
        proposal = self._require_proposal()
        if proposal.accepted_at is None:
            raise ChangeNotAccepted(
                f"The booking is paid; the caregiver can agree to its change until {in_words(proposal.until)}."
            )
        if at >= proposal.until:
            raise PayWindowClosed(
                f"The booking is paid, and its change could be paid until {in_words(proposal.until)}."
            )
        return proposal.quote_id

    def _let_change_lapse(self, at: datetime) -> bool:
        """False, and nothing done, when it is not due."""
        if self.proposal is None or at < self.proposal.until:
            return False
        step = "answered" if self.proposal.accepted_at is None else "paid"
        self.proposal = None
        self._note(f"change not {step} in time", at, actor_id=None, role=ActorRole.SYSTEM)
        self._report(BookingChangeLapsed, at)
        return True

    def _change_to(self, quote: Quote, at: datetime, *, actor_id: AccountId | None, role: ActorRole) -> Money:
        """Other terms hold from now on; answers what goes back, which counts as `refunded`."""
        refund = refund_of_change(self, quote.gross)
        before = terms_in_words(self.period, self.pet_ids, self.gross)
        self._take_over(quote)
        self.refunded += refund
        self.proposal = None
        self._note(f"changed; before: {before}", at, actor_id=actor_id, role=role)
        self._report(BookingChanged, at)
        return refund

    def _take_over(self, quote: Quote) -> None:
        self.quote_id = quote.id
        self.period, self.time_zone, self.pet_ids = quote.period, quote.time_zone, quote.pet_ids
        self.gross, self.commission = quote.gross, quote.commission
        self.commission_basis_points = quote.commission_basis_points

    def _end_of_wait(self, quote: Quote, at: datetime) -> datetime:
        return min(at + CHANGE_WINDOW, self.period.start, quote.period.start)

    def _note(self, what: str, at: datetime, *, actor_id: AccountId | None, role: ActorRole) -> None:
        """The history tells it; the state stays."""
        self._move(BookingStatus.PAID, at, actor_id=actor_id, role=role, reason=what)

    def _require_proposal(self, *, seen: QuoteId | None = None) -> ProposedChange:
        if self.proposal is None:
            raise NoChangeProposed(f"The booking is {self.state_in_words}, and nobody asks for another.")
        if seen not in (None, self.proposal.quote_id):
            raise TermsChanged("The booking is paid, and its owner asks for another change by now.")
        return self.proposal
