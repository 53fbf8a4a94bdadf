"""Money that an owner's bank takes back."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType, Self
from uuid import UUID

from domain.bookings.booking_life import BookingId
from domain.shared.errors import NotFound
from domain.shared.events import DomainEvent
from domain.shared.money import Money

ChargebackId = NewType("ChargebackId", UUID)


class ChargebackStatus(StrEnum):
    OPENED = "opened"
    WON = "won"
    LOST = "lost"


class ChargebackNotFound(NotFound):
    title = "There is no such chargeback"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargebackOpened(DomainEvent):
    """Evidence is due: a task for an admin."""

    chargeback_id: ChargebackId
    booking_id: BookingId


@dataclass(slots=True, kw_only=True)
class Chargeback:
    """Of one charge, as the provider last told it. Decided once: a later word of the bank changes nothing here, and the
    comparison with the provider's books tells of it."""

    id: ChargebackId
    booking_id: BookingId
    payment_id: UUID
    provider_chargeback_id: str
    amount: Money
    reason: str
    opened_at: datetime
    evidence_due_by: datetime | None = None
    status: ChargebackStatus = ChargebackStatus.OPENED
    settled_at: datetime | None = None
    version: int = 0
    events: list[DomainEvent] = field(default_factory=list[DomainEvent])

    @classmethod
    def open(
        cls,
        *,
        id: ChargebackId,  # noqa: A002
        booking_id: BookingId,
        payment_id: UUID,
        provider_chargeback_id: str,
        amount: Money,
        reason: str,
        at: datetime,
        evidence_due_by: datetime | None,
    ) -> Self:
        chargeback = cls(
            id=id,
            booking_id=booking_id,
            payment_id=payment_id,
            provider_chargeback_id=provider_chargeback_id,
            amount=amount,
            reason=reason,
            opened_at=at,
            evidence_due_by=evidence_due_by,
        )
        chargeback.events.append(ChargebackOpened(at=at, chargeback_id=id, booking_id=booking_id))
        return chargeback

    def observe(self, status: ChargebackStatus, *, evidence_due_by: datetime | None, at: datetime) -> bool:
        """Takes over what the provider tells; True exactly once, when it is newly decided."""
        if self.status is not ChargebackStatus.OPENED:
            return False
        self.evidence_due_by = evidence_due_by
        if status is ChargebackStatus.OPENED:
            return False
        self.status, self.settled_at = status, at
        return True
