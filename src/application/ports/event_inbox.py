"""The payment provider's events, each kept once."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from application.ports.payment_notices import NoticeSubject


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxEvent:
    """A notice that an object at the provider changed: a reason to look, never the truth itself."""

    id: UUID
    provider: str
    event_id: str
    kind: str
    subject: NoticeSubject
    object_id: str
    received_at: datetime
    applied_at: datetime | None = None


class EventInbox(Protocol):
    """Received events, unique by provider and event id."""

    @abstractmethod
    async def receive(self, event: InboxEvent) -> bool:
        """Keeps the event; False when it was received before."""
        ...

    @abstractmethod
    async def get(self, inbox_id: UUID) -> InboxEvent:
        """Raises NotFound."""
        ...

    @abstractmethod
    async def mark_applied(self, inbox_id: UUID, *, at: datetime) -> None:
        """Belongs into the transaction of the effect."""
        ...
