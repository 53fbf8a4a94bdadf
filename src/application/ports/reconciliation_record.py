"""What differs between our books and the provider's, inside a unit of work."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.payments.difference import Difference, DifferenceId
from domain.shared.money import Money


class ReconciliationRecord(Protocol):
    """Keeps differences, of which at most one is there for one reference, and whatever the provider told of each.

    Promises, checked by `tests/contract/test_reconciliation_record.py`.
    """

    @abstractmethod
    async def there(self) -> Sequence[Difference]:
        """Those not gone, locked."""
        ...

    @abstractmethod
    async def get(self, difference_id: DifferenceId) -> Difference:
        """Locked. Raises DifferenceNotFound."""
        ...

    @abstractmethod
    async def add(self, difference: Difference) -> None:
        """Nothing happens when one is there for its reference, or when an admin has explained the same."""
        ...

    @abstractmethod
    async def save(self, difference: Difference) -> None: ...

    @abstractmethod
    async def compared_until(self) -> datetime | None:
        """The instant up to which the last comparison went; None before the first."""
        ...

    @abstractmethod
    async def keep_compared_until(self, until: datetime) -> None: ...

    @abstractmethod
    async def keep_told(self, movements: Mapping[str, tuple[str, Money]]) -> None:
        """By the provider's id of each movement: its reference, and what the balance gained. Keeping one again
        changes nothing."""
        ...

    @abstractmethod
    async def told(self, references: Collection[str]) -> Mapping[str, Money]:
        """The sum of what was kept of each; those of which nothing was are left out."""
        ...
