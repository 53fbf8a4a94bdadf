"""The states of a booking, the record of its transitions, and the events they cause."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.shared.actor import AccountId, CaregiverId
from domain.shared.events import DomainEvent

BookingId = NewType("BookingId", UUID)
SeriesId = NewType("SeriesId", UUID)


class BookingStatus(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    PAID = "paid"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    DISPUTED = "disputed"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


STATUSES_THAT_FREE_THE_PLACE = frozenset({BookingStatus.DECLINED, BookingStatus.EXPIRED, BookingStatus.CANCELLED})
"""In every other state the booking occupies its caregiver."""

STATUSES_THAT_REVEAL = frozenset(
    {BookingStatus.PAID, BookingStatus.IN_PROGRESS, BookingStatus.COMPLETED, BookingStatus.DISPUTED}
)
"""PAID or later: the parties may know who the other is."""


def parties_are_revealed(status: BookingStatus, *, meet_and_greet: bool) -> bool:
    """Whether this booking lets its parties know who the other is; meeting once, for nothing, does not."""
    return status in STATUSES_THAT_REVEAL and not meet_and_greet


class PayoutState(StrEnum):
    """What becomes of the caregiver's share: `held` while a dispute or a chargeback is open, `paid` once it is on its
    way to the caregiver's account."""

    NONE = "none"
    SCHEDULED = "scheduled"
    HELD = "held"
    PAID = "paid"


class ActorRole(StrEnum):
    """In which capacity somebody touched a booking; `system` is time passing or money arriving."""

    OWNER = "owner"
    CAREGIVER = "caregiver"
    ADMIN = "admin"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingTransition:
    """Who changed the state, when, and why. `from_status` is None for the request."""

    from_status: BookingStatus | None
    to_status: BookingStatus
    at: datetime
    actor_id: AccountId | None
    actor_role: ActorRole
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingEvent(DomainEvent):
    """Something that happened to a booking."""

    booking_id: BookingId
    owner_id: AccountId
    caregiver_id: CaregiverId


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRequested(BookingEvent): ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingAccepted(BookingEvent): ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingChanged(BookingEvent): ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingChangeProposed(BookingEvent):
    """The caregiver is asked whether a paid booking may become what a quote says."""

    proposed_quote_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingChangeAccepted(BookingEvent):
    """It may, once the owner has paid the new price."""

    proposed_quote_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingChangeDeclined(BookingEvent):
    """It stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingChangeWithdrawn(BookingEvent):
    """The owner no longer asks for it: it stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingChangeLapsed(BookingEvent):
    """Nobody answered or paid in time, or it cannot be had any more: it stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingDeclined(BookingEvent): ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingExpired(BookingEvent): ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingPaid(BookingEvent): ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingCancelled(BookingEvent): ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingCompleted(BookingEvent): ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetAndGreetHeld(BookingEvent):
    """Not a completed booking: there is nothing to review, and nobody earns a credit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingDisputed(BookingEvent): ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeDecided(BookingEvent): ...
