"""What is shown and told of alerts."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from domain.operations.alert import Alert, AlertId, AlertState
from domain.operations.alert_rules import Severity


class AlertView(Struct, frozen=True, kw_only=True, rename="camel"):
    """An alert as an admin sees it; `value` is the last one seen above `limit`, in `unit`."""

    id: UUID
    rule: str
    subject: str
    title: str
    severity: Severity
    state: AlertState
    value: float
    limit: float
    unit: str
    runbook: str
    since: datetime
    started_at: datetime | None
    resolved_at: datetime | None
    notified_at: datetime | None
    silenced_until: datetime | None
    silence_reason: str | None


class AlertQueries(Protocol):
    @abstractmethod
    async def alerts(
        self, state: AlertState | None, *, limit: int, after: UUID | None
    ) -> tuple[list[AlertView], UUID | None]:
        """A page, newest first, and the id behind which the next one begins."""
        ...

    @abstractmethod
    async def since(self, instant: datetime, *, limit: int) -> list[AlertView]:
        """Those that began to fire or ended at this instant or later, what came about last first."""
        ...

    @abstractmethod
    async def named(self, alert_ids: Sequence[AlertId]) -> list[Alert]:
        """Those of them that are still known, in the order of their subjects."""
        ...
