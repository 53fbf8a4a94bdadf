"""What only the database knows of how the system is doing."""

from abc import abstractmethod
from typing import Protocol


class SystemQueries(Protocol):
    """Checked by `tests/contract/test_system_queries.py`."""

    @abstractmethod
    async def outbox_age_seconds(self) -> float:
        """How long the oldest event has waited to become jobs; 0 when none waits."""
        ...

    @abstractmethod
    async def over_capacity(self) -> int:
        """Bookings, not over yet, at whose start more animals are in the caregiver's care than he took when any of them
        was made. Must always be 0."""
        ...

    @abstractmethod
    async def reconciliation_differences(self) -> int:
        """Those between our books and the provider's that are neither gone nor explained."""
        ...
