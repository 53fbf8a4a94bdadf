"""What admins did."""

from abc import abstractmethod
from typing import Protocol
from uuid import UUID

from domain.shared.actor import AccountId


class AuditLog(Protocol):
    """Append-only record of admin acts, written in the act's own transaction."""

    @abstractmethod
    async def record(
        self, *, admin_id: AccountId, action: str, subject_id: UUID | None, reason: str | None = None
    ) -> None:
        """`action` is `capability.verb`, e.g. `caregivers.approve`."""
        ...
