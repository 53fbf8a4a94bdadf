"""Writes admin acts beside what they changed."""

from uuid import UUID

from application.correlation import correlation_id
from application.ports.audit_log import AuditLog
from domain.shared.actor import AccountId
from infrastructure.persistence.audit.audit_tables import audit_log
from infrastructure.persistence.transaction import Transaction


class SqlAuditLog(AuditLog):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def record(
        self, *, admin_id: AccountId | None, action: str, subject_id: UUID | None, reason: str | None = None
    ) -> None:
        await self._transaction.execute(
            audit_log.insert().values(
                id=self._transaction.ids.new(),
                admin_id=admin_id,
                action=action,
                subject_id=subject_id,
                reason=reason,
                correlation_id=correlation_id.get(),
                at=self._transaction.clock.now(),
            )
        )
