"""What admins and the operator did."""

from abc import abstractmethod
from typing import Protocol
from uuid import UUID

from domain.shared.actor import AccountId


class AuditLog(Protocol):
    """Append-only record of their acts, written in the act's own transaction."""

    @abstractmethod
    async def record(
        self, *, admin_id: AccountId | None, action: str, subject_id: UUID | None, reason: str | None = None
    ) -> None:
        """`action` is `capability.verb`, e.g. `caregivers.approve`. Without an admin it was the operator, by
        command."""
        ...
