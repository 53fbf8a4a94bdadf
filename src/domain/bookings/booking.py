"""A priced period of care between one owner and one caregiver."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Self
from uuid import UUID

from domain.bookings.booking_life import (
    STATUSES_THAT_FREE_THE_PLACE,
    ActorRole,
    BookingAccepted,
    BookingCancelled,
    BookingDeclined,
    BookingEvent,
    BookingExpired,
    BookingId,
    BookingPaid,
    BookingRequested,
    BookingStatus,
    BookingTransition,
)
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
)
from domain.bookings.cancellation import CancellationTerms, cancellation_terms
from domain.bookings.care_details import CareDetails
from domain.bookings.quote import Quote, QuoteId
from domain.caregivers.caregiver_profile import CancellationPolicy, CaregiverProfile
from domain.caregivers.services import Service
from domain.pets.pet import PetId
from domain.shared.actor import AccountId, Actor, CaregiverId
from domain.shared.events import DomainEvent
from domain.shared.money import Money
from domain.shared.period import Period

ANSWER_WINDOW = timedelta(hours=24)
PAY_WINDOW = timedelta(hours=24)
FUNDS_HELD_AT_MOST = timedelta(days=60)

_CANCELLABLE = frozenset({BookingStatus.PENDING, BookingStatus.ACCEPTED, BookingStatus.PAID})
_CANCELLABLE_BY_ADMINS = _CANCELLABLE | {BookingStatus.IN_PROGRESS}


class MoneyOutcome(Enum):
    """What becomes of money that arrived for a booking."""

    PAID = auto()
    ALREADY_COUNTED = auto()
    GIVE_BACK = auto()


@dataclass(slots=True, kw_only=True)
class Booking:
    """The aggregate. `transitions` and `events` hold what happened since it was read; saving keeps and empties them.

    `refunded` is what was decided to go back, done or not; the refunds tell how far that is. `payment_id` names the
    payment whose money counts. `refund_count` numbers the refunds of the booking, 1 being the first. `ended_at` is when
    it was declined, expired or cancelled.
    """

    id: BookingId
    owner_id: AccountId
    caregiver_id: CaregiverId
    quote_id: QuoteId
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
    payment_id: UUID | None = None
    captured: Money = field(default_factory=Money.zero)
    refunded: Money = field(default_factory=Money.zero)
    refund_count: int = 0
    version: int = 0
    events: list[DomainEvent] = field(default_factory=list[DomainEvent])
    transitions: list[BookingTransition] = field(default_factory=list[BookingTransition])

    @property
    def net(self) -> Money:
        """The caregiver's share: gross = commission + net, always."""
        return self.gross - self.commission

    @classmethod
    def request(
        cls,
        *,
        id: BookingId,  # noqa: A002
        quote: Quote,
        caregiver: CaregiverProfile,
        care: CareDetails,
        at: datetime,
    ) -> Self:
        """A booking at the numbers of a used quote, pending, or accepted at once by an instant-book caregiver."""
        booking = cls(
            id=id,
            owner_id=quote.owner_id,
            caregiver_id=caregiver.id,
            quote_id=quote.id,
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
        )
        requested = BookingTransition(
            from_status=None,
            to_status=BookingStatus.PENDING,
            at=at,
            actor_id=quote.owner_id,
            actor_role=ActorRole.OWNER,
        )
        booking.transitions.append(requested)
        booking._report(BookingRequested, at)
        if caregiver.instant_book:
            booking._accept(at, actor_id=caregiver.account_id, reason="instant book")
        return booking

    def accept(self, *, by: Actor, at: datetime) -> None:
        """The caregiver agrees, which opens the pay window. Raises AnswerOverdue once the time to answer is over."""
        self._require_caregiver(by)
        self._require_pending("accepted")
        if at >= self.answer_until:
            raise AnswerOverdue(f"The booking is pending, but could be accepted until {_instant(self.answer_until)}.")
        self._accept(at, actor_id=by.account_id)

    def decline(self, *, by: Actor, at: datetime, reason: str | None = None) -> None:
        """The caregiver says no."""
        self._require_caregiver(by)
        self._require_pending("declined")
        self._move(BookingStatus.DECLINED, at, actor_id=by.account_id, role=ActorRole.CAREGIVER, reason=reason)
        self._report(BookingDeclined, at)

    def expire(self, *, at: datetime) -> bool:
        """Lets the booking lapse when nobody answered or paid in time; False, and nothing done, when it is not due."""
        match self.status:
            case BookingStatus.PENDING:
                deadline, reason = self.answer_until, "not answered in time"
            case BookingStatus.ACCEPTED:
                deadline, reason = self.pay_until, "not paid in time"
            case _:
                return False
        if deadline is None or at < deadline:
            return False
        self._move(BookingStatus.EXPIRED, at, actor_id=None, role=ActorRole.SYSTEM, reason=reason)
        self._report(BookingExpired, at)
        return True

    def require_payable(self, *, by: Actor, at: datetime) -> None:
        """Raises unless `by` is the owner and may pay now: BookingNotAccepted, PayWindowNotOpen, PayWindowClosed."""
        if self.role_of(by) is not ActorRole.OWNER:
            raise OnlyTheOwner
        opens, closes = self.pay_window_opens_at, self.pay_until
        if self.status is not BookingStatus.ACCEPTED or opens is None or closes is None:
            raise BookingNotAccepted(f"The booking is {self._state}; only an accepted booking can be paid.")
        if at < opens:
            raise PayWindowNotOpen(f"The booking is accepted and can be paid from {_instant(opens)}.")
        if at >= closes:
            raise PayWindowClosed(f"The booking is accepted, but could be paid until {_instant(closes)}.")

    def mark_paid(self, *, payment_id: UUID, captured: Money, at: datetime) -> MoneyOutcome:
        """Counts money that arrived. Never raises: money the booking has no use for is to be given back."""
        if self.payment_id == payment_id:
            return MoneyOutcome.ALREADY_COUNTED
        if self.status is not BookingStatus.ACCEPTED:
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
        if self.status not in (_CANCELLABLE_BY_ADMINS if role is ActorRole.ADMIN else _CANCELLABLE):
            raise BookingNotCancellable(
                f"The booking is {self._state}; only a pending, accepted or paid booking can be cancelled."
            )
        return cancellation_terms(
            policy=self.policy,
            start=self.period.start,
            time_zone=self.time_zone,
            at=at,
            captured=self.captured,
            refunded=self.refunded,
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
                f"The booking is {self._state} and has started; only an admin can cancel it now."
            )
        self.refunded += terms.refund
        self._move(BookingStatus.CANCELLED, at, actor_id=by.account_id, role=role, reason=reason)
        self._report(BookingCancelled, at)
        return terms

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
    def _state(self) -> str:
        return self.status.value.replace("_", " ")

    def _accept(self, at: datetime, *, actor_id: AccountId, reason: str | None = None) -> None:
        self.accepted_at = at
        self.pay_window_opens_at = max(at, self.period.end - FUNDS_HELD_AT_MOST)
        self.pay_until = min(self.pay_window_opens_at + PAY_WINDOW, self.period.start)
        self._move(BookingStatus.ACCEPTED, at, actor_id=actor_id, role=ActorRole.CAREGIVER, reason=reason)
        self._report(BookingAccepted, at)

    def _require_caregiver(self, actor: Actor) -> None:
        if self.role_of(actor) is not ActorRole.CAREGIVER:
            raise OnlyTheCaregiver

    def _require_pending(self, wish: str) -> None:
        if self.status is not BookingStatus.PENDING:
            raise BookingNotPending(f"The booking is {self._state}; only a pending booking can be {wish}.")

    def _move(
        self, to: BookingStatus, at: datetime, *, actor_id: AccountId | None, role: ActorRole, reason: str | None = None
    ) -> None:
        self.transitions.append(
            BookingTransition(
                from_status=self.status, to_status=to, at=at, actor_id=actor_id, actor_role=role, reason=reason
            )
        )
        self.status = to
        if to in STATUSES_THAT_FREE_THE_PLACE:
            self.ended_at = at

    def _report(self, event: type[BookingEvent], at: datetime) -> None:
        self.events.append(event(at=at, booking_id=self.id, owner_id=self.owner_id, caregiver_id=self.caregiver_id))


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
