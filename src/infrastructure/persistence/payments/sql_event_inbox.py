"""The inbox in SQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from application.ports.event_inbox import EventInbox, InboxEvent
from application.ports.payment_notices import NoticeSubject
from domain.shared.errors import NotFound
from infrastructure.persistence.dialects import insert_or_ignore
from infrastructure.persistence.payments.payment_tables import inbox_events
from infrastructure.persistence.transaction import Transaction

_FIELDS = ("id", "provider", "event_id", "kind", "object_id", "received_at", "applied_at")


class SqlEventInbox(EventInbox):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def receive(self, event: InboxEvent) -> bool:
        insert = insert_or_ignore(self._transaction.connection, inbox_events, ["provider", "event_id"])
        await self._transaction.execute(insert.values(_row(event)))
        kept = await self._transaction.first(
            select(inbox_events.c.id).where(
                inbox_events.c.provider == event.provider, inbox_events.c.event_id == event.event_id
            )
        )
        return kept is not None and kept.id == event.id

    async def get(self, inbox_id: UUID) -> InboxEvent:
        row = await self._transaction.first(select(inbox_events).where(inbox_events.c.id == inbox_id))
        if row is None:
            raise NotFound
        return InboxEvent(**{field: getattr(row, field) for field in _FIELDS}, subject=NoticeSubject(row.subject))

    async def mark_applied(self, inbox_id: UUID, *, at: datetime) -> None:
        unapplied = inbox_events.c.id == inbox_id, inbox_events.c.applied_at.is_(None)
        await self._transaction.execute(update(inbox_events).where(*unapplied).values(applied_at=at))


def _row(event: InboxEvent) -> dict[str, Any]:
    return {field: getattr(event, field) for field in _FIELDS} | {"subject": event.subject.value}
