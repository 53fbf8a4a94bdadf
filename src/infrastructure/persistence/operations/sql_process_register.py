"""Processes in the database: a row for each, and one for who leads."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from application.ports.clock import Clock
from application.ports.process_register import LEASE_SECONDS, PRESENT_SECONDS, ProcessRegister, ProcessReport
from infrastructure.persistence.database import Database
from infrastructure.persistence.dialects import insert_or_ignore
from infrastructure.persistence.operations.watch_tables import leaders, process_reports

WATCH = "watch"
# Who has been gone for so long is forgotten.
FORGOTTEN_AFTER = timedelta(hours=1)


class SqlProcessRegister(ProcessRegister):
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def report(self, report: ProcessReport) -> bool:
        facts = msgspec.to_builtins(report, builtin_types=())
        row = {"facts": facts, "seen_at": report.seen_at}
        async with self._database.begin() as connection:
            known = update(process_reports).where(process_reports.c.id == report.id).values(row)
            if (await connection.execute(known)).rowcount == 0:
                forgotten = process_reports.c.seen_at < report.seen_at - FORGOTTEN_AFTER
                await connection.execute(delete(process_reports).where(forgotten))
                added = insert_or_ignore(connection, process_reports, ["id"]).values(id=report.id, **row)
                await connection.execute(added)
            return await self._leads(connection, report.id)

    async def _leads(self, connection: AsyncConnection, process_id: str) -> bool:
        now = self._clock.now()
        values = {"process": process_id, "until": now + timedelta(seconds=LEASE_SECONDS)}
        vacant = or_(leaders.c.process == process_id, leaders.c.until <= now)
        taken = update(leaders).where(leaders.c.task == WATCH, vacant).values(values)
        if (await connection.execute(taken)).rowcount == 1:
            return True
        first = insert_or_ignore(connection, leaders, ["task"]).values(task=WATCH, **values)
        return (await connection.execute(first)).rowcount == 1

    async def present(self) -> Sequence[ProcessReport]:
        since = self._clock.now() - timedelta(seconds=PRESENT_SECONDS)
        seen = select(process_reports.c.facts).where(process_reports.c.seen_at > since)
        async with self._database.read() as connection:
            rows = (await connection.execute(seen.order_by(process_reports.c.id))).all()
        return [msgspec.convert(row.facts, ProcessReport) for row in rows]

    async def step_down(self, process_id: str) -> None:
        async with self._database.begin() as connection:
            await connection.execute(delete(leaders).where(leaders.c.process == process_id))

    async def leave(self, process_id: str) -> None:
        async with self._database.begin() as connection:
            await connection.execute(delete(process_reports).where(process_reports.c.id == process_id))
            await connection.execute(delete(leaders).where(leaders.c.process == process_id))
