"""What the ledger says."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.bookings.booking_life import BookingId
from domain.payments.ledger import LedgerAccount
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingOff:
    """A booking that keeps `by_booking` of its owner's money, where the ledger says `by_ledger`."""

    booking_id: BookingId
    by_booking: Money
    by_ledger: Money


class LedgerQueries(Protocol):
    """Checked by `tests/contract/test_ledger.py`."""

    @abstractmethod
    async def balances(self) -> Mapping[LedgerAccount, Money]:
        """Of every account, debits less credits. Their sum is 0."""
        ...

    @abstractmethod
    async def at_provider(self, references: Collection[str]) -> Mapping[str, Money]:
        """What each of these transactions added to the money at the provider; those not posted are left out."""
        ...

    @abstractmethod
    async def at_provider_between(self, since: datetime, until: datetime) -> Mapping[str, Money]:
        """The same, of all transactions posted from `since` on and before `until` that the provider should know."""
        ...

    @abstractmethod
    async def bookings_off(self, since: datetime) -> Sequence[BookingOff]:
        """Of the bookings whose money moved since then, those about which the ledger says something else."""
        ...
