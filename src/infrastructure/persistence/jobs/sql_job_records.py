"""Claims, leases and outcomes of jobs. Every write names the lease, so a holder who lost it writes nothing."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.job_records import LEASE_SECONDS, ClaimedJob, JobCounts, JobRecords
from domain.operations.redaction import redacted
from infrastructure.persistence.database import Database
from infrastructure.persistence.jobs.job_tables import QUEUES, JobStatus, in_no_paused_queue, jobs
from infrastructure.persistence.tables import UtcDateTime

_WAITING = (JobStatus.QUEUED.value, JobStatus.RETRYING.value)
_LONGEST_ERROR = 500


class SqlJobRecords(JobRecords):
    def __init__(self, database: Database, *, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def claim(self, job_id: UUID) -> ClaimedJob | None:
        now = self._clock.now()
        lease_id = self._ids.new()
        free = or_(
            and_(jobs.c.status.in_(_WAITING), jobs.c.run_at <= now),
            and_(jobs.c.status == JobStatus.RUNNING.value, jobs.c.lease_until < now),
        )
        statement = (
            update(jobs)
            .where(jobs.c.id == job_id, free, jobs.c.cancel_requested_at.is_(None), in_no_paused_queue())
            .values(
                status=JobStatus.RUNNING.value,
                attempts=jobs.c.attempts + 1,
                lease_id=lease_id,
                lease_until=now + timedelta(seconds=LEASE_SECONDS),
                started_at=func.coalesce(jobs.c.started_at, now),
            )
            .returning(
                jobs.c.kind,
                jobs.c.payload,
                jobs.c.attempts,
                jobs.c.created_at,
                func.coalesce(jobs.c.tries_since, jobs.c.created_at, type_=UtcDateTime).label("tries_since"),
                jobs.c.correlation_id,
            )
        )
        async with self._database.begin() as connection:
            row = (await connection.execute(statement)).first()
            if row is None:
                await self._cancel(connection, job_id, free)
        if row is None:
            return None
        return ClaimedJob(
            id=job_id,
            kind=row.kind,
            payload=row.payload,
            attempts=row.attempts,
            created_at=row.created_at,
            tries_since=row.tries_since,
            lease_id=lease_id,
            correlation_id=row.correlation_id,
        )

    async def renew(self, job: ClaimedJob) -> bool:
        until = self._clock.now() + timedelta(seconds=LEASE_SECONDS)
        return await self._write(job, lease_until=until) == 1

    async def is_cancel_requested(self, job: ClaimedJob) -> bool:
        statement = select(jobs.c.id).where(jobs.c.id == job.id, jobs.c.cancel_requested_at.is_not(None))
        async with self._database.read() as connection:
            return (await connection.execute(statement)).first() is not None

    async def succeed(self, job: ClaimedJob) -> None:
        values = {"progress": 1.0, "error": None, "finished_at": self._clock.now()}
        await self._write(job, status=JobStatus.SUCCEEDED.value, lease_id=None, lease_until=None, **values)

    async def retry(self, job: ClaimedJob, *, error: str, run_at: datetime) -> None:
        await self._end(job, JobStatus.RETRYING, error=_kept(error), run_at=run_at, dispatched_at=None)

    async def bury(self, job: ClaimedJob, *, error: str) -> None:
        await self._end(job, JobStatus.DEAD, error=_kept(error), finished_at=self._clock.now())

    async def hand_back(self, job: ClaimedJob, *, run_at: datetime) -> None:
        status = JobStatus.RETRYING if job.attempts > 1 else JobStatus.QUEUED
        await self._end(job, status, attempts=jobs.c.attempts - 1, run_at=run_at, dispatched_at=None)

    async def counts(self) -> Mapping[str, JobCounts]:
        now = self._clock.now()
        due = and_(jobs.c.status.in_(_WAITING), jobs.c.run_at <= now)
        statement = (
            select(
                jobs.c.queue,
                func.sum(case((jobs.c.status.in_(_WAITING), 1), else_=0)).label("waiting"),
                func.sum(case((jobs.c.status == JobStatus.RUNNING.value, 1), else_=0)).label("running"),
                func.sum(case((jobs.c.status == JobStatus.DEAD.value, 1), else_=0)).label("dead"),
                func.min(case((due, jobs.c.run_at))).label("oldest"),
            )
            .where(jobs.c.status.in_((*_WAITING, JobStatus.RUNNING.value, JobStatus.DEAD.value)))
            .group_by(jobs.c.queue)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        found = {row.queue: row for row in rows}
        return {queue: _counts(queue, found.get(queue), now) for queue in QUEUES}

    async def _cancel(self, connection: AsyncConnection, job_id: UUID, free: Any) -> None:
        """What was to be cancelled while it ran, and whose holder died."""
        statement = update(jobs).where(jobs.c.id == job_id, free, jobs.c.cancel_requested_at.is_not(None))
        ended = {"status": JobStatus.CANCELLED.value, "finished_at": self._clock.now()}
        await connection.execute(statement.values(lease_id=None, lease_until=None, **ended))

    async def _end(self, job: ClaimedJob, status: JobStatus, **values: Any) -> None:
        """Instead of waiting or being dead, what is to be cancelled ends."""
        unwanted = jobs.c.cancel_requested_at.is_not(None)
        now, otherwise = literal(self._clock.now(), UtcDateTime), values.pop("finished_at", None)
        await self._write(
            job,
            status=case((unwanted, JobStatus.CANCELLED.value), else_=status.value),
            finished_at=case((unwanted, now), else_=literal(otherwise, UtcDateTime)),
            lease_id=None,
            lease_until=None,
            **values,
        )

    async def _write(self, job: ClaimedJob, **values: Any) -> int:
        statement = update(jobs).where(jobs.c.id == job.id, jobs.c.lease_id == job.lease_id).values(**values)
        async with self._database.begin() as connection:
            return (await connection.execute(statement)).rowcount


def _kept(error: str) -> str:
    """Redacted before it is cut: half a secret does not look like one."""
    return redacted(error)[:_LONGEST_ERROR]


def _counts(queue: str, row: Any, now: datetime) -> JobCounts:
    if row is None:
        return JobCounts(queue=queue, waiting=0, running=0, dead=0, oldest_seconds=0.0)
    age = (now - row.oldest).total_seconds() if row.oldest is not None else 0.0
    return JobCounts(queue=queue, waiting=row.waiting, running=row.running, dead=row.dead, oldest_seconds=max(age, 0.0))
