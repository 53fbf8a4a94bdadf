"""What a booking is at an instant, and how it moves: the ground of the aggregate `Booking`."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.bookings.booking_life import (
    STATUSES_THAT_FREE_THE_PLACE,
    ActorRole,
    BookingEvent,
    BookingId,
    BookingStatus,
    BookingTransition,
    PayoutState,
    SeriesId,
)
from domain.bookings.booking_refusals import BookingNotFound, OnlyAnUninvolvedAdmin, OnlyTheCaregiver, OnlyTheOwner
from domain.bookings.care_details import CareDetails
from domain.bookings.care_report import CareReport
from domain.bookings.dispute import Dispute
from domain.bookings.proposed_change import ProposedChange
from domain.bookings.quote import QuoteId
from domain.caregivers.caregiver_profile import CancellationPolicy
from domain.caregivers.services import Service
from domain.pets.pet import PetId
from domain.shared.actor import AccountId, Actor, CaregiverId
from domain.shared.events import DomainEvent
from domain.shared.money import Money
from domain.shared.period import Period

PAYOUT_DELAY = timedelta(hours=72)
FUNDS_HELD_AT_MOST = timedelta(days=60)
_WHOLE = 10_000  # basis points


@dataclass(slots=True, kw_only=True)
class BookingState:
    """The fields of the aggregate `Booking`. `transitions` and `events` hold what happened since it was read; saving
    keeps and empties them.

    `refunded` is what was decided to go back, done or not; the refunds tell how far that is. `payment_id` names the
    payment whose money counts. `refund_count` numbers the refunds of the booking, 1 being the first. `ended_at` is when
    it was declined, expired or cancelled. `payout_due_at` is when the caregiver's share of what was kept is paid out;
    None while nothing is owed, or while a dispute holds it; a chargeback freezes it. `paid_out_at` is when it was.
    `proposal` are other terms that the owner wishes for; a booking that is not paid has none. A meet-and-greet is free:
    it has no pay window, and stays accepted until its end.
    """

    id: BookingId
    owner_id: AccountId
    caregiver_id: CaregiverId
    quote_id: QuoteId
    series_id: SeriesId | None = None
    service: Service
    period: Period
    time_zone: str
    pet_ids: tuple[PetId, ...]
    care: CareDetails
    policy: CancellationPolicy
    gross: Money
    commission: Money
    commission_basis_points: int
    requested_at: datetime
    answer_until: datetime
    status: BookingStatus = BookingStatus.PENDING
    accepted_at: datetime | None = None
    pay_window_opens_at: datetime | None = None
    pay_until: datetime | None = None
    paid_at: datetime | None = None
    ended_at: datetime | None = None
    completed_at: datetime | None = None
    payout_due_at: datetime | None = None
    payout_is_frozen: bool = False
    paid_out_at: datetime | None = None
    payment_id: UUID | None = None
    captured: Money = field(default_factory=Money.zero)
    refunded: Money = field(default_factory=Money.zero)
    refund_count: int = 0
    check_in_report: CareReport | None = None
    check_out_report: CareReport | None = None
    dispute: Dispute | None = None
    proposal: ProposedChange | None = None
    meet_and_greet: bool = False
    version: int = 0
    events: list[DomainEvent] = field(default_factory=list[DomainEvent])
    transitions: list[BookingTransition] = field(default_factory=list[BookingTransition])

    @property
    def net(self) -> Money:
        """The caregiver's share: gross = commission + net, always."""
        return self.gross - self.commission

    @property
    def kept(self) -> Money:
        """What arrived and does not go back."""
        return self.captured - self.refunded

    @property
    def payout(self) -> Money:
        """The caregiver's share of what is kept."""
        return share_of_caregiver(self.kept, self.commission_basis_points)

    @property
    def payout_state(self) -> PayoutState:
        return payout_state(
            self.status,
            due_at=self.payout_due_at,
            is_frozen=self.payout_is_frozen,
            paid_out_at=self.paid_out_at,
        )

    def role_of(self, actor: Actor) -> ActorRole:
        """In which capacity the actor may touch the booking; an admin acts as a party in bookings of his own."""
        if actor.account_id == self.owner_id:
            return ActorRole.OWNER
        if actor.caregiver_id == self.caregiver_id:
            return ActorRole.CAREGIVER
        if actor.is_admin:
            return ActorRole.ADMIN
        raise BookingNotFound

    def next_refund_number(self) -> int:
        """Numbers a refund of this booking; part of its idempotency key, never given twice."""
        self.refund_count += 1
        return self.refund_count

    @property
    def state_in_words(self) -> str:
        return self.status.value.replace("_", " ")

    def _owe_payout(self, due_at: datetime) -> None:
        """The share of what is kept is paid out then, if anything is kept."""
        self.payout_due_at = due_at if self.kept > Money.zero(self.captured.currency) else None

    def _require_caregiver(self, actor: Actor) -> None:
        if self.role_of(actor) is not ActorRole.CAREGIVER:
            raise OnlyTheCaregiver

    def _require_owner(self, actor: Actor) -> None:
        if self.role_of(actor) is not ActorRole.OWNER:
            raise OnlyTheOwner

    def _require_uninvolved_admin(self, actor: Actor) -> None:
        """Nobody decides about money in a booking of his own."""
        if self.role_of(actor) is not ActorRole.ADMIN:
            raise OnlyAnUninvolvedAdmin

    def _move(
        self, to: BookingStatus, at: datetime, *, actor_id: AccountId | None, role: ActorRole, reason: str | None = None
    ) -> None:
        self.transitions.append(
            BookingTransition(
                from_status=self.status, to_status=to, at=at, actor_id=actor_id, actor_role=role, reason=reason
            )
        )
        self.status = to
        if to is not BookingStatus.PAID:
            self.proposal = None
        if to in STATUSES_THAT_FREE_THE_PLACE:
            self.ended_at = at

    def _report(self, event: type[BookingEvent], at: datetime, **more: UUID) -> None:
        about: dict[str, Any] = {"owner_id": self.owner_id, "caregiver_id": self.caregiver_id, **more}
        self.events.append(event(at=at, booking_id=self.id, **about))


def share_of_caregiver(kept: Money, commission_basis_points: int) -> Money:
    """Of what is kept, split as the price was: the commission is rounded half up to the cent."""
    return kept - kept.share(commission_basis_points, _WHOLE)


def payout_state(
    status: BookingStatus, *, due_at: datetime | None, is_frozen: bool, paid_out_at: datetime | None
) -> PayoutState:
    """Whether the caregiver's share was paid out, is held, is due some day, or not owed."""
    if paid_out_at is not None:
        return PayoutState.PAID
    if status is BookingStatus.DISPUTED:
        return PayoutState.HELD
    if due_at is None:
        return PayoutState.NONE
    return PayoutState.HELD if is_frozen else PayoutState.SCHEDULED


def disputable_until(
    status: BookingStatus, completed_at: datetime | None, *, was_disputed: bool, meet_and_greet: bool
) -> datetime | None:
    """The end of the time to dispute; None while there is nothing to dispute, or when it was done already."""
    if status is not BookingStatus.COMPLETED or completed_at is None or was_disputed or meet_and_greet:
        return None
    return completed_at + PAYOUT_DELAY


def in_words(at: datetime) -> str:
    """The instant as refusals name it."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
