"""Money on its way back to an owner."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType, Self
from uuid import UUID

from domain.bookings.booking_life import BookingId
from domain.payments.idempotency_keys import KeyKind, key_of
from domain.shared.errors import Conflict, NotFound
from domain.shared.events import DomainEvent
from domain.shared.money import Money

RefundId = NewType("RefundId", UUID)


class RefundStatus(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RefundNotFound(NotFound):
    title = "There is no such refund"


class RefundNotFailed(Conflict):
    title = "Only a failed refund that was not made again can be made again"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundMade(DomainEvent):
    """The provider has given the money back."""

    refund_id: RefundId
    booking_id: BookingId


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFailed(DomainEvent):
    """The money could not be given back: a task for an admin, who still owes it to the owner."""

    refund_id: RefundId
    booking_id: BookingId


@dataclass(slots=True, kw_only=True)
class Refund:
    """Refund number `number` (1, 2, …) of a booking, decided first, made by the provider later.

    Its money is at the provider once `provider_refund_id` is known; it is done only when it succeeded. A failure may
    come 30 days after a success. `retried_as` is the number of the refund that was made in its place;
    `taken_by_bank` tells that a chargeback got the owner the same money.
    """

    id: RefundId
    payment_id: UUID
    booking_id: BookingId
    number: int
    amount: Money
    reason: str
    created_at: datetime
    status: RefundStatus = RefundStatus.PENDING
    provider_refund_id: str | None = None
    error: str | None = None
    settled_at: datetime | None = None
    retried_as: int | None = None
    taken_by_bank: bool = False
    version: int = 0
    events: list[DomainEvent] = field(default_factory=list[DomainEvent])

    @property
    def key(self) -> str:
        """The idempotency key of giving the money back."""
        return key_of(KeyKind.REFUND, self.booking_id, self.number)

    @property
    def is_asked_for(self) -> bool:
        """Whether the provider knows of it, or said no: asking again would be of no use."""
        return self.provider_refund_id is not None or self.status is not RefundStatus.PENDING

    @property
    def is_failed(self) -> bool:
        return self.status is RefundStatus.FAILED

    def observe(self, *, provider_refund_id: str, status: RefundStatus, at: datetime, error: str | None = None) -> bool:
        """Takes over what the provider tells. A failure is final; a success only yields to a failure. False, and
        nothing done, when it tells of another refund than before."""
        if self.provider_refund_id not in (None, provider_refund_id):
            return False
        self.provider_refund_id = provider_refund_id
        if self.status is RefundStatus.FAILED or status in (self.status, RefundStatus.PENDING):
            return True
        if status is RefundStatus.FAILED:
            self.fail(error or "failed at the provider", at=at)
            return True
        self.status = status
        self.settled_at = at
        self.events.append(RefundMade(at=at, refund_id=self.id, booking_id=self.booking_id))
        return True

    @property
    def is_owed(self) -> bool:
        """Whether it failed, and nothing has got the owner the money in its place."""
        return self.is_failed and self.retried_as is None and not self.taken_by_bank

    def fail(self, error: str, *, at: datetime) -> None:
        """The provider will not give the money back. Failing twice is harmless."""
        if self.status is RefundStatus.FAILED:
            return
        self.status = RefundStatus.FAILED
        self.error = error
        self.settled_at = at
        self.events.append(RefundFailed(at=at, refund_id=self.id, booking_id=self.booking_id))

    def again(self, *, id: RefundId, number: int, at: datetime) -> Self:  # noqa: A002
        """A new refund in the place of this failed one. Raises RefundNotFailed."""
        if not self.is_failed or self.retried_as is not None:
            raise RefundNotFailed(f"The refund is {self.status.value}.")
        if self.taken_by_bank:
            raise RefundNotFailed("The owner's bank has got him the money.")
        self.retried_as = number
        return type(self)(
            id=id,
            payment_id=self.payment_id,
            booking_id=self.booking_id,
            number=number,
            amount=self.amount,
            reason=self.reason,
            created_at=at,
        )
