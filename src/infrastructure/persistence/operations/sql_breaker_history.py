"""The history of circuit breakers in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from application.ports.breaker_history import BreakerChange, BreakerHistory
from application.ports.circuit_breakers import BreakerState
from infrastructure.persistence.database import Database
from infrastructure.persistence.dialects import insert_or_ignore, lock_table
from infrastructure.persistence.operations.breaker_history_tables import breaker_changes

# Processes notice the same outage so soon after each other.
SAME_CHANGE = timedelta(seconds=10)


class SqlBreakerHistory(BreakerHistory):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, changes: Sequence[BreakerChange]) -> None:
        async with self._database.begin() as connection:
            await lock_table(connection, breaker_changes)
            statement = insert_or_ignore(connection, breaker_changes, ["id"])
            for change in changes:
                if not await _was_noticed(connection, change):
                    await connection.execute(statement, msgspec.structs.asdict(change))

    async def opened_since(self, instant: datetime) -> Mapping[str, datetime]:
        is_opening = breaker_changes.c.to_state == BreakerState.OPEN.value
        last = select(breaker_changes.c.name, func.max(breaker_changes.c.at)).where(
            breaker_changes.c.at >= instant, is_opening
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(last.group_by(breaker_changes.c.name))).all()
        return {row[0]: row[1] for row in rows}

    async def since(self, instant: datetime, *, limit: int) -> list[BreakerChange]:
        youngest = breaker_changes.c.at.desc(), breaker_changes.c.id.desc()
        statement = select(breaker_changes).where(breaker_changes.c.at >= instant).order_by(*youngest).limit(limit)
        async with self._database.read() as connection:
            return [_change(row) for row in (await connection.execute(statement)).all()]

    async def recent(
        self, name: str | None, *, limit: int, before: UUID | None
    ) -> tuple[list[BreakerChange], UUID | None]:
        statement = select(breaker_changes).order_by(breaker_changes.c.id.desc()).limit(limit + 1)
        if name is not None:
            statement = statement.where(breaker_changes.c.name == name)
        if before is not None:
            statement = statement.where(breaker_changes.c.id < before)
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        changes = [_change(row) for row in rows[:limit]]
        return changes, changes[-1].id if len(rows) > limit else None


async def _was_noticed(connection: AsyncConnection, change: BreakerChange) -> bool:
    """Whether somebody else has led the breaker there just before."""
    before = breaker_changes.c.name == change.name, breaker_changes.c.at <= change.at + SAME_CHANGE
    latest = select(breaker_changes).where(*before).order_by(breaker_changes.c.at.desc()).limit(1)
    row = (await connection.execute(latest)).first()
    if row is None or row.process == change.process or row.to_state != change.to_state:
        return False
    return change.at - row.at <= SAME_CHANGE


def _change(row: Row[Any]) -> BreakerChange:
    return BreakerChange(
        id=row.id,
        name=row.name,
        from_state=BreakerState(row.from_state),
        to_state=BreakerState(row.to_state),
        at=row.at,
        reason=row.reason,
        process=row.process,
    )
