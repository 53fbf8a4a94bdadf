"""Alerts in the database."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, or_, select, update

from application.ports.alert_repository import REMEMBERED, AlertRepository
from domain.operations.alert import Alert, AlertId, AlertNotFound, AlertState
from infrastructure.persistence.dialects import locked
from infrastructure.persistence.operations.watch_tables import alerts
from infrastructure.persistence.transaction import Transaction


class SqlAlertRepository(AlertRepository):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def known(self) -> list[Alert]:
        now = self._transaction.clock.now()
        still_matters = or_(
            alerts.c.fingerprint.is_not(None), alerts.c.resolved_at > now - REMEMBERED, alerts.c.silenced_until > now
        )
        # Locked, or the silence that an admin orders meanwhile would be written over.
        return [alert_of(row) for row in await self._transaction.all(locked(select(alerts).where(still_matters)))]

    async def get(self, alert_id: AlertId) -> Alert:
        row = await self._transaction.first(locked(select(alerts).where(alerts.c.id == alert_id)))
        if row is None:
            raise AlertNotFound
        return alert_of(row)

    async def save(self, changed: Sequence[Alert]) -> None:
        for alert in changed:
            own = alerts.c.id == alert.id
            if alert.never_fired:
                await self._transaction.execute(delete(alerts).where(own))
                continue
            row = _to_row(alert)
            updated = await self._transaction.execute(update(alerts).where(own).values(row))
            if updated.rowcount == 0:
                await self._transaction.execute(alerts.insert().values(row))


def alert_of(row: Row[Any]) -> Alert:
    facts: dict[str, Any] = {name: value for name, value in row._mapping.items() if name != "fingerprint"}
    return Alert(**{**facts, "state": AlertState(row.state)})


def _to_row(alert: Alert) -> dict[str, Any]:
    is_open = alert.state is not AlertState.RESOLVED
    fingerprint = f"{alert.rule}:{alert.subject}" if is_open else None
    return asdict(alert) | {"state": alert.state.value, "fingerprint": fingerprint}
