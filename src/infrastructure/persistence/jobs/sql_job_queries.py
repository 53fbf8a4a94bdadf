"""Reads of jobs on the read engine."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from application.ports.job_queries import AdminJobView, JobFilter, JobQueries, JobView
from domain.operations.job import JobNotFound, JobStatus, QueueName
from domain.shared.actor import Actor
from infrastructure.persistence.database import Database
from infrastructure.persistence.jobs.hot_statements import WAITING
from infrastructure.persistence.jobs.job_tables import jobs, paused_queues


class SqlJobQueries(JobQueries):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, job_id: UUID, *, viewer: Actor) -> JobView:
        row = await self._row(job_id)
        if not viewer.is_admin and row.requester_id != viewer.account_id:
            raise JobNotFound
        return JobView(**_facts(row))

    async def job(self, job_id: UUID) -> AdminJobView:
        return _view(await self._row(job_id))

    async def jobs(
        self, wanted: JobFilter, *, limit: int, after: UUID | None
    ) -> tuple[list[AdminJobView], UUID | None]:
        # Ids grow with time.
        statement = select(jobs).order_by(jobs.c.id.desc()).limit(limit + 1)
        for column, value in ((jobs.c.status, wanted.status), (jobs.c.kind, wanted.kind), (jobs.c.queue, wanted.queue)):
            if value is not None:
                statement = statement.where(column == str(value))
        if after is not None:
            statement = statement.where(jobs.c.id < after)
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        items = [_view(row) for row in rows[:limit]]
        return items, items[-1].id if len(rows) > limit else None

    async def died_since(self, instant: datetime, *, limit: int) -> list[AdminJobView]:
        dead = select(jobs).where(jobs.c.status == JobStatus.DEAD.value, jobs.c.finished_at >= instant)
        async with self._database.read() as connection:
            rows = (await connection.execute(dead.order_by(jobs.c.finished_at.desc()).limit(limit))).all()
        return [_view(row) for row in rows]

    async def left_lying(self, queue: QueueName, kinds: Collection[str], *, due_by: datetime, limit: int) -> list[UUID]:
        of_these = jobs.c.queue == queue.value, jobs.c.kind.in_(kinds)
        waiting = select(jobs.c.id).where(*of_these, jobs.c.status.in_(WAITING), jobs.c.run_at <= due_by)
        async with self._database.read() as connection:
            return list((await connection.execute(waiting.order_by(jobs.c.run_at).limit(limit))).scalars())

    async def is_any_open(self, unique_keys: Collection[str]) -> bool:
        is_open = jobs.c.status.in_((*WAITING, JobStatus.RUNNING.value))
        found = select(jobs.c.id).where(jobs.c.unique_key.in_(unique_keys), is_open).limit(1)
        async with self._database.read() as connection:
            return (await connection.execute(found)).first() is not None

    async def paused_queues(self) -> Mapping[QueueName, datetime]:
        async with self._database.read() as connection:
            rows = (await connection.execute(select(paused_queues))).all()
        return {QueueName(row.queue): row.paused_at for row in rows}

    async def _row(self, job_id: UUID) -> Row[Any]:
        async with self._database.read() as connection:
            row = (await connection.execute(select(jobs).where(jobs.c.id == job_id))).first()
        if row is None:
            raise JobNotFound
        return row


def _view(row: Row[Any]) -> AdminJobView:
    return AdminJobView(
        queue=QueueName(row.queue), requester_id=row.requester_id, correlation_id=row.correlation_id, **_facts(row)
    )


def _facts(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "status": JobStatus(row.status),
        "attempts": row.attempts,
        "progress": row.progress,
        "error": row.error,
        "result_url": row.result_url,
        "created_at": row.created_at,
        "run_at": row.run_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "cancel_requested_at": row.cancel_requested_at,
    }
