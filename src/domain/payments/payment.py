"""Money of an owner for a booking, as the provider last told it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType, Self
from uuid import UUID

from domain.bookings.booking_life import BookingId
from domain.bookings.quote import QuoteId
from domain.payments.idempotency_keys import KeyKind, key_of
from domain.payments.refund import Refund, RefundId
from domain.shared.errors import NotFound
from domain.shared.money import Money

PaymentId = NewType("PaymentId", UUID)


class PaymentStatus(StrEnum):
    AWAITING_PAYMENT = "awaiting_payment"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"


class PaymentNotFound(NotFound):
    title = "There is no such payment"


@dataclass(slots=True, kw_only=True)
class Payment:
    """One attempt (1, 2, …) to pay a booking. Recorded before the provider is asked, so its id there comes later.

    A payment that succeeded stays so; a cancelled one can only turn out to have succeeded. `refunded` is what was
    decided to go back, never more than `captured`. `quote_id` names the terms it was opened for: what comes in after
    they have changed is not counted. None for payments from before that was kept.
    """

    id: PaymentId
    booking_id: BookingId
    attempt: int
    provider: str
    amount: Money
    created_at: datetime
    provider_payment_id: str | None = None
    status: PaymentStatus = PaymentStatus.AWAITING_PAYMENT
    charge_id: str | None = None
    error: str | None = None
    quote_id: QuoteId | None = None
    captured: Money = field(default_factory=Money.zero)
    refunded: Money = field(default_factory=Money.zero)
    version: int = 0

    @classmethod
    def open(
        cls,
        *,
        id: PaymentId,  # noqa: A002
        booking_id: BookingId,
        attempt: int,
        provider: str,
        amount: Money,
        at: datetime,
        quote_id: QuoteId | None = None,
    ) -> Self:
        """The intent to ask the provider for `amount`, the price of a quote."""
        return cls(
            id=id,
            booking_id=booking_id,
            attempt=attempt,
            provider=provider,
            amount=amount,
            created_at=at,
            quote_id=quote_id,
        )

    @property
    def is_open(self) -> bool:
        """Whether money may still arrive in the ordinary way."""
        return self.status in (PaymentStatus.AWAITING_PAYMENT, PaymentStatus.PROCESSING)

    @property
    def key(self) -> str:
        """The idempotency key of asking for the money."""
        return key_of(KeyKind.PAYMENT, self.booking_id, self.attempt)

    @property
    def cancel_key(self) -> str:
        return key_of(KeyKind.CANCELLATION, self.booking_id, self.attempt)

    @property
    def captured_charge_id(self) -> str:
        """The charge that holds the money; ValueError while none arrived."""
        if self.charge_id is None:
            raise ValueError(f"payment {self.id} has captured nothing")
        return self.charge_id

    @property
    def reference(self) -> str:
        """Groups at the provider what belongs to one booking."""
        return f"booking_{self.booking_id}"

    def observe(
        self,
        *,
        provider_payment_id: str,
        status: PaymentStatus,
        charge_id: str | None = None,
        error: str | None = None,
        amount: Money | None = None,
    ) -> bool:
        """Takes over what the provider tells; True exactly once, when the money has newly arrived.

        A payment that succeeded must name its charge (ValueError): without it nothing could be given back. `amount` is
        what came, if it is not what was asked for.
        """
        self.provider_payment_id = provider_payment_id
        if self.status is PaymentStatus.SUCCEEDED:
            return False
        if self.status is PaymentStatus.CANCELLED and status is not PaymentStatus.SUCCEEDED:
            return False
        if status is PaymentStatus.SUCCEEDED and charge_id is None:
            raise ValueError(f"payment {self.id} succeeded without a charge")
        self.status = status
        self.error = error
        if status is not PaymentStatus.SUCCEEDED:
            return False
        self.charge_id = charge_id
        self.captured = self.amount if amount is None else amount
        return True

    def refuse(self, error: str) -> None:
        """The provider turned the request down for good; another attempt needs another payment."""
        if self.is_open:
            self.status = PaymentStatus.CANCELLED
            self.error = error

    def give_back(self, amount: Money, *, id: RefundId, number: int, reason: str, at: datetime) -> Refund:  # noqa: A002
        """A pending refund of `amount`, the booking's refund number `number`; ValueError beyond what is left."""
        if amount <= Money.zero(amount.currency) or amount > self.captured - self.refunded:
            raise ValueError(f"{amount} cannot be refunded of {self.captured} less {self.refunded}")
        self.refunded += amount
        return Refund(
            id=id,
            payment_id=self.id,
            booking_id=self.booking_id,
            number=number,
            amount=amount,
            reason=reason,
            created_at=at,
        )

    def lose_to_bank(self, amount: Money) -> None:
        """Counts as `refunded` what the owner's bank took for good; never more than is left."""
        self.refunded += min(amount, self.captured - self.refunded)
