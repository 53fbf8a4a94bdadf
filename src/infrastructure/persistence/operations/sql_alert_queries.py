"""Reads of alerts on the read engine."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, literal, select

from application.ports.alert_queries import AlertQueries, AlertView
from domain.operations.alert import Alert, AlertId, AlertState
from domain.operations.alert_rules import RULES_BY_NAME
from infrastructure.persistence.database import Database
from infrastructure.persistence.operations.sql_alert_repository import alert_of
from infrastructure.persistence.operations.watch_tables import alerts


class SqlAlertQueries(AlertQueries):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def alerts(
        self, state: AlertState | None, *, limit: int, after: UUID | None
    ) -> tuple[list[AlertView], UUID | None]:
        # Ids grow with time. A rule that a later release does not know any more is not shown.
        known = alerts.c.rule.in_(list(RULES_BY_NAME))
        statement = select(alerts).where(known).order_by(alerts.c.id.desc()).limit(limit + 1)
        if state is not None:
            statement = statement.where(alerts.c.state == state.value)
        if after is not None:
            statement = statement.where(alerts.c.id < after)
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        items = [_view(alert_of(row)) for row in rows[:limit]]
        return items, items[-1].id if len(rows) > limit else None

    async def since(self, instant: datetime, *, limit: int) -> list[AlertView]:
        last = func.coalesce(alerts.c.resolved_at, alerts.c.started_at)
        known = alerts.c.rule.in_(list(RULES_BY_NAME))
        recent = select(alerts).where(known, last >= literal(instant, alerts.c.since.type))
        async with self._database.read() as connection:
            rows = (await connection.execute(recent.order_by(last.desc(), alerts.c.id.desc()).limit(limit))).all()
        return [_view(alert_of(row)) for row in rows]

    async def named(self, alert_ids: Sequence[AlertId]) -> list[Alert]:
        found = select(alerts).where(alerts.c.id.in_(alert_ids)).order_by(alerts.c.subject)
        async with self._database.read() as connection:
            return [alert_of(row) for row in (await connection.execute(found)).all()]


def _view(alert: Alert) -> AlertView:
    rule = RULES_BY_NAME[alert.rule]
    return AlertView(
        id=alert.id,
        rule=alert.rule,
        subject=alert.subject,
        title=rule.titled(alert.subject),
        severity=rule.severity,
        state=alert.state,
        value=alert.value,
        limit=rule.limit,
        unit=rule.unit,
        runbook=rule.runbook,
        since=alert.since,
        started_at=alert.started_at,
        resolved_at=alert.resolved_at,
        notified_at=alert.notified_at,
        silenced_until=alert.silenced_until,
        silence_reason=alert.silence_reason,
    )
