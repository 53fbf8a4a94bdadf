"""The life of a booking from the money to the end: care, completion, dispute, and money that goes back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.bookings.booking_life import (
    ActorRole,
    BookingChangeLapsed,
    BookingCompleted,
    BookingDisputed,
    BookingStatus,
    DisputeDecided,
    MeetAndGreetHeld,
)
from domain.bookings.booking_refusals import (
    BookingNotDisputable,
    BookingNotDisputed,
    BookingNotInProgress,
    BookingNotPaid,
    CheckInTooEarly,
    DisputeWindowClosed,
    NothingToGiveBack,
)
from domain.bookings.booking_state import PAYOUT_DELAY, BookingState, disputable_until, in_words
from domain.bookings.care_report import MOST_PHOTOS, CareReport, TooManyPhotos
from domain.bookings.dispute import Dispute, DisputeDecision, refund_of_decision
from domain.shared.actor import Actor
from domain.shared.money import Money

CHECK_IN_AHEAD = timedelta(minutes=30)
COMPLETED_BY_ITSELF_AFTER = timedelta(hours=24)

_UNFINISHED = frozenset({BookingStatus.PAID, BookingStatus.IN_PROGRESS})
_REFUNDABLE = _UNFINISHED | {BookingStatus.COMPLETED, BookingStatus.CANCELLED}


@dataclass(slots=True, kw_only=True)
class BookingInCare(BookingState):
    """The transitions after `paid`."""

    @property
    def disputable_until(self) -> datetime | None:
        return disputable_until(
            self.status,
            self.completed_at,
            was_disputed=self.dispute is not None,
            meet_and_greet=self.meet_and_greet,
        )

    def check_in(self, report: CareReport, *, by: Actor) -> None:
        """The care begins, at the report's instant. Raises CheckInTooEarly more than 30 minutes ahead of the start."""
        self._require_caregiver(by)
        if self.status is not BookingStatus.PAID:
            raise BookingNotPaid(f"The booking is {self.state_in_words}; only a paid booking can be checked in.")
        begins = self.period.start - CHECK_IN_AHEAD
        if report.at < begins:
            raise CheckInTooEarly(f"The booking is paid and can be checked in from {in_words(begins)}.")
        self.check_in_report = report
        is_change_over = self.proposal is not None
        self._move(BookingStatus.IN_PROGRESS, report.at, actor_id=by.account_id, role=ActorRole.CAREGIVER)
        if is_change_over:
            self._report(BookingChangeLapsed, report.at)

    def check_out(self, report: CareReport, *, by: Actor) -> None:
        """The care ends, which completes the booking. Raises TooManyPhotos, those of the check-in counted."""
        self._require_caregiver(by)
        if self.status is not BookingStatus.IN_PROGRESS:
            raise BookingNotInProgress(
                f"The booking is {self.state_in_words}; only a booking in progress can be checked out."
            )
        before = () if self.check_in_report is None else self.check_in_report.photos
        if len(before) + len(report.photos) > MOST_PHOTOS:
            raise TooManyPhotos(field="photos")
        self.check_out_report = report
        self._complete(report.at, by=by, reason=None)

    def complete(self, *, at: datetime) -> bool:
        """Takes the service for done 24 hours after its end, a meet-and-greet at its end; False, and nothing done, when
        that is not due."""
        if self.meet_and_greet:
            return self._complete_meeting(at)
        if self.status not in _UNFINISHED or at < self.period.end + COMPLETED_BY_ITSELF_AFTER:
            return False
        self._complete(at, by=None, reason="24 hours after the end")
        return True

    def open_dispute(self, *, by: Actor, at: datetime, reason: str) -> None:
        """The owner objects, which holds the payout. Once, and only within 72 hours of completion."""
        self._require_owner(by)
        if self.status is not BookingStatus.COMPLETED or self.completed_at is None:
            raise BookingNotDisputable(
                f"The booking is {self.state_in_words}; only a completed booking can be disputed."
            )
        if self.meet_and_greet:
            raise BookingNotDisputable("The booking is completed, but a meet-and-greet is free.")
        if self.dispute is not None:
            raise BookingNotDisputable("The booking is completed and its dispute is decided; that is final.")
        closes = self.completed_at + PAYOUT_DELAY
        if at >= closes:
            raise DisputeWindowClosed(f"The booking is completed, but could be disputed until {in_words(closes)}.")
        self.dispute = Dispute(opened_at=at, reason=reason)
        self.payout_due_at = None
        self._move(BookingStatus.DISPUTED, at, actor_id=by.account_id, role=ActorRole.OWNER, reason=reason)
        self._report(BookingDisputed, at)

    def decide_dispute(
        self,
        decision: DisputeDecision,
        *,
        by: Actor,
        at: datetime,
        amount: Money | None = None,
        reason: str | None = None,
    ) -> Money:
        """An admin's last word: what goes back, counted as `refunded` from now on. Paying it is the caller's next step.

        The rest is paid out 72 hours after completion, or at once when that is over.
        """
        self._require_uninvolved_admin(by)
        if self.status is not BookingStatus.DISPUTED or self.dispute is None or self.completed_at is None:
            raise BookingNotDisputed(f"The booking is {self.state_in_words}; only a disputed booking can be decided.")
        refund = refund_of_decision(decision, amount=amount, left=self.kept)
        self.dispute = self.dispute.decided(decision, refund=refund, at=at, reason=reason)
        self.refunded += refund
        self._owe_payout(max(at, self.completed_at + PAYOUT_DELAY))
        ends_as = BookingStatus.CANCELLED if decision is DisputeDecision.REFUND_ALL else BookingStatus.COMPLETED
        self._move(ends_as, at, actor_id=by.account_id, role=ActorRole.ADMIN, reason=reason)
        self._report(DisputeDecided, at)
        return refund

    def give_back(self, amount: Money | None, *, by: Actor) -> Money:
        """An admin gives back `amount` of what is kept (None: all of it), counted as `refunded` from now on.

        The state stays as it is. Raises NothingToGiveBack naming the state and what is kept.
        """
        self._require_uninvolved_admin(by)
        if self.status not in _REFUNDABLE:
            raise NothingToGiveBack(f"The booking is {self.state_in_words}; there is no money to give back this way.")
        refund = self.kept if amount is None else amount
        if not Money.zero(refund.currency) < refund <= self.kept:
            raise NothingToGiveBack(
                f"The booking is {self.state_in_words}, and {self.kept.amount_cents} cents of it can be given back."
            )
        self.refunded += refund
        if self.payout_due_at is not None:
            self._owe_payout(self.payout_due_at)
        return refund

    def is_payout_due(self, at: datetime) -> bool:
        """Whether the caregiver's share is to be paid out now: nothing holds it, and it was not before."""
        is_held = self.status is BookingStatus.DISPUTED or self.payout_is_frozen or self.paid_out_at is not None
        return not is_held and self.payout_due_at is not None and at >= self.payout_due_at

    def freeze_payout(self) -> None:
        """The owner's bank wants the money back; until that is decided the caregiver's share waits."""
        self.payout_is_frozen = True

    def release_payout(self) -> bool:
        """False when nothing held it."""
        was_frozen, self.payout_is_frozen = self.payout_is_frozen, False
        return was_frozen

    def lose_to_bank(self, amount: Money) -> Money:
        """Counts as `refunded` what the owner's bank took for good, of what is still kept; answers how much that is."""
        taken = min(amount, self.kept)
        self.refunded += taken
        if self.payout_due_at is not None:
            self._owe_payout(self.payout_due_at)
        return taken

    def record_payout(self, *, at: datetime) -> None:
        """The share is on its way to the caregiver's account, or has paid his debt."""
        self.paid_out_at = self.paid_out_at or at

    def _complete_meeting(self, at: datetime) -> bool:
        if self.status is not BookingStatus.ACCEPTED or at < self.period.end:
            return False
        self.completed_at = at
        self._move(BookingStatus.COMPLETED, at, actor_id=None, role=ActorRole.SYSTEM, reason="the end")
        self._report(MeetAndGreetHeld, at)
        return True

    def _complete(self, at: datetime, *, by: Actor | None, reason: str | None) -> None:
        self.completed_at = at
        self._owe_payout(at + PAYOUT_DELAY)
        self._move(
            BookingStatus.COMPLETED,
            at,
            actor_id=None if by is None else by.account_id,
            role=ActorRole.SYSTEM if by is None else ActorRole.CAREGIVER,
            reason=reason,
        )
        self._report(BookingCompleted, at)
