"""Payouts and their reversals, inside a unit of work."""

from abc import abstractmethod
from typing import Protocol

from domain.bookings.booking_life import BookingId
from domain.payments.payout import Payout, PayoutId, Reversal, ReversalId


class PayoutRepository(Protocol):
    """Keeps payouts and reversals. Who changes one locks its booking first, so that its money moves in one order.

    Promises, checked by `tests/contract/test_payout_repository.py`: a booking has one payout, ever; (booking, number)
    of a reversal and the provider's ids are unique.
    """

    @abstractmethod
    async def get(self, payout_id: PayoutId) -> Payout:
        """Raises PayoutNotFound."""
        ...

    @abstractmethod
    async def of_booking(self, booking_id: BookingId) -> Payout | None: ...

    @abstractmethod
    async def add(self, payout: Payout) -> None:
        """Keeps the payout and its events. Raises Conflict when the booking has one."""
        ...

    @abstractmethod
    async def save(self, payout: Payout) -> None:
        """Keeps the payout and its events. Raises StaleVersion."""
        ...

    @abstractmethod
    async def get_reversal(self, reversal_id: ReversalId) -> Reversal: ...

    @abstractmethod
    async def pending_reversal_of(self, payout_id: PayoutId) -> Reversal | None: ...

    @abstractmethod
    async def add_reversal(self, reversal: Reversal) -> None: ...

    @abstractmethod
    async def save_reversal(self, reversal: Reversal) -> None:
        """Raises StaleVersion."""
        ...
