"""Payments and refunds, inside a unit of work."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.bookings.booking_life import BookingId
from domain.payments.payment import Payment, PaymentId
from domain.payments.refund import Refund, RefundId


class PaymentRepository(Protocol):
    """Keeps payments and refunds. Who changes one locks its booking first, so that its money moves in one order.

    Promises: (booking, attempt), (provider, provider payment id) and (booking, refund number) are unique.
    """

    @abstractmethod
    async def get(self, payment_id: PaymentId) -> Payment:
        """Raises PaymentNotFound."""
        ...

    @abstractmethod
    async def of_booking(self, booking_id: BookingId) -> Sequence[Payment]:
        """Every attempt, the first one first."""
        ...

    @abstractmethod
    async def by_provider_id(self, provider: str, provider_payment_id: str) -> Payment | None: ...

    @abstractmethod
    async def add(self, payment: Payment) -> None: ...

    @abstractmethod
    async def save(self, payment: Payment) -> None:
        """Raises StaleVersion when somebody else saved it since it was read."""
        ...

    @abstractmethod
    async def get_refund(self, refund_id: RefundId) -> Refund:
        """Raises RefundNotFound."""
        ...

    @abstractmethod
    async def refunds_of_booking(self, booking_id: BookingId) -> Sequence[Refund]:
        """By their numbers."""
        ...

    @abstractmethod
    async def add_refund(self, refund: Refund) -> None: ...

    @abstractmethod
    async def save_refund(self, refund: Refund) -> None:
        """Keeps the refund and its events. Raises StaleVersion."""
        ...
