"""What differs between our books and the provider's, inside a unit of work."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.payments.difference import Difference, DifferenceId


class ReconciliationRecord(Protocol):
    """Keeps differences; at most one is there for one reference.

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
