"""The ledger, inside a unit of work."""

from abc import abstractmethod
from typing import Protocol

from domain.bookings.booking_life import BookingId
from domain.payments.ledger import LedgerTransaction
from domain.shared.actor import CaregiverId
from domain.shared.money import Money


class Ledger(Protocol):
    """Double entry, append-only: what is posted is never changed.

    Promises, checked by `tests/contract/test_ledger.py`: of transactions with one reference only the first is posted;
    the database refuses to change or delete a posting, and one whose two accounts are the same.
    """

    @abstractmethod
    async def post(self, transaction: LedgerTransaction) -> bool:
        """False, and nothing done, when its reference was posted before."""
        ...

    @abstractmethod
    async def losses_of(self, booking_id: BookingId) -> Money:
        """What the platform bears of a booking."""
        ...

    @abstractmethod
    async def debt_of(self, caregiver_id: CaregiverId) -> Money:
        """What the caregiver was paid too much. Whoever nets it holds the caregiver's row."""
        ...
