"""What the payment provider has written down about our money."""

from abc import abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.shared.money import Money


class MovementKind(StrEnum):
    """`bank` is money that goes between the provider and the platform's own bank account; `other` is nothing that we
    caused."""

    CHARGE = "charge"
    REFUND = "refund"
    REFUND_FAILURE = "refund_failure"
    TRANSFER = "transfer"
    REVERSAL = "reversal"
    CHARGEBACK = "chargeback"
    CHARGEBACK_WON = "chargeback_won"
    FEE = "fee"
    BANK = "bank"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderMovement:
    """One line of the provider's books: `amount` is what the balance gained (negative: lost) before `fee`, which the
    provider kept of it. `source_id` names what moved: a charge, refund, transfer, reversal or chargeback."""

    id: str
    kind: MovementKind
    source_id: str
    amount: Money
    fee: Money
    at: datetime


class ProviderBooks(Protocol):
    """The provider's own books, to compare ours with.

    Promises, checked by `tests/contract/test_provider_books.py`: whatever moved money through the payments and
    transfers ports is there once, from its instant on. Raises PaymentsUnavailable of the payments port.
    """

    @abstractmethod
    def movements(self, *, since: datetime, until: datetime) -> AsyncIterator[ProviderMovement]:
        """Those from `since` on and before `until`, read page by page."""
        ...
