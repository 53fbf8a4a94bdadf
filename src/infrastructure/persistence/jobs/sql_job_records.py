"""Claims, leases and outcomes of jobs. Every write names the lease, so a holder who lost it writes nothing."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Update, and_, case, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from application.deadline import deadline_in
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.job_records import LEASE_SECONDS, ClaimedJob, JobCounts, JobRecords, Lease
from domain.operations.redaction import redacted
from domain.shared.errors import Unavailable
from infrastructure.persistence.coalesced import Coalesced
from infrastructure.persistence.database import Database
from infrastructure.persistence.jobs.hot_statements import WAITING, statements_for
from infrastructure.persistence.jobs.job_tables import QUEUES, JobStatus, jobs
from infrastructure.persistence.tables import UtcDateTime

LEASE = timedelta(seconds=LEASE_SECONDS)
# The relay that found a job due may run on another machine, whose clock is a little ahead.
CLOCK_SKEW = timedelta(milliseconds=500)
STATEMENT_SECONDS = 4.0
# The database may be away for a moment when jobs are to be claimed.
PATIENCE_SECONDS = 30.0
LOOK_AGAIN_SECONDS = 0.5
_LONGEST_ERROR = 500
_MOST_READ = 20_000


class SqlJobRecords(JobRecords):
    """What many ask for at once, claims and successes, is done in one statement for all of them."""

    def __init__(self, database: Database, *, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._statements = statements_for(database)
        self._claims: Coalesced[UUID, ClaimedJob | None] = Coalesced(self._claim_all, give_back=self._give_back)
        self._successes: Coalesced[ClaimedJob, bool] = Coalesced(self._succeed_all)

    async def claim(self, job_id: UUID) -> ClaimedJob | None:
        return await self._claims.ask(job_id)

    async def settle(self) -> None:
        """Waits a moment for what is still being asked and given back. Before the database is closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STATEMENT_SECONDS):
                await asyncio.gather(self._claims.settle(), self._successes.settle())

    async def _claim_all(self, job_ids: Sequence[UUID]) -> Sequence[ClaimedJob | None]:
        lease_id, give_up_at = self._ids.new(), time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                rows = await self._take(job_ids, lease_id)
                break
            except Unavailable:
                # It may have been done all the same: asked again under the same lease it says so.
                if time.monotonic() >= give_up_at:
                    raise
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
        taken = {row.id: _claimed(row, lease_id) for row in rows}
        # Of two messages about one job the first gets it.
        return [taken.pop(job_id, None) for job_id in job_ids]

    async def _take(self, job_ids: Sequence[UUID], lease_id: UUID) -> Sequence[Row[Any]]:
        now = self._clock.now()
        instants = {"now": now, "soon": now + CLOCK_SKEW, "until": now + LEASE}
        parameters = {"ids": list(job_ids), "lease": lease_id, **instants}
        async with self._soon() as connection:
            return (await connection.execute(self._statements.claim, parameters)).all()

    async def _give_back(self, job: ClaimedJob | None) -> None:
        """Whoever asked for it was told to go before he had it."""
        if job is not None:
            # If the database is away just now, its lease runs out.
            with suppress(Unavailable):
                await self.hand_back(job, run_at=self._clock.now())

    async def renew(self, job: ClaimedJob, *, progress: float | None = None) -> Lease:
        values: dict[str, Any] = {"lease_until": self._clock.now() + LEASE}
        if progress is not None:
            values["progress"] = progress
        statement = _held(job).values(values).returning(jobs.c.cancel_requested_at)
        async with self._soon() as connection:
            row = (await connection.execute(statement)).first()
        if row is None:
            return Lease.LOST
        return Lease.HELD if row.cancel_requested_at is None else Lease.UNWANTED

    async def succeed(self, job: ClaimedJob) -> bool:
        return await self._successes.ask(job)

    async def _succeed_all(self, done: Sequence[ClaimedJob]) -> Sequence[bool]:
        held = self._statements.held([(job.id, job.lease_id) for job in done])
        async with self._soon() as connection:
            parameters = {"now": self._clock.now(), **held}
            written = set((await connection.execute(self._statements.succeed, parameters)).scalars())
        return [job.id in written for job in done]

    async def retry(self, job: ClaimedJob, *, error: str, run_at: datetime) -> None:
        await self._end(job, JobStatus.RETRYING, error=_kept(error), run_at=run_at, dispatched_at=None, crashes=0)

    async def bury(self, job: ClaimedJob, *, error: str) -> None:
        await self._end(job, JobStatus.DEAD, error=_kept(error), finished_at=self._clock.now())

    async def hand_back(self, job: ClaimedJob, *, run_at: datetime) -> None:
        status = JobStatus.RETRYING if job.attempts > 1 else JobStatus.QUEUED
        await self._end(job, status, attempts=jobs.c.attempts - 1, run_at=run_at, dispatched_at=None, crashes=0)

    @asynccontextmanager
    async def _soon(self) -> AsyncGenerator[AsyncConnection]:
        """Jobs have no deadline, but what is written about them does: a database that has fallen silent must be noticed
        before the lease has run out."""
        with deadline_in(STATEMENT_SECONDS):
            async with self._database.alone() as connection:
                yield connection

    async def counts(self) -> Mapping[str, JobCounts]:
        now = self._clock.now()
        due = and_(jobs.c.status.in_(WAITING), jobs.c.run_at <= now)
        statement = (
            select(
                jobs.c.queue,
                func.sum(case((jobs.c.status.in_(WAITING), 1), else_=0)).label("waiting"),
                func.sum(case((jobs.c.status == JobStatus.RUNNING.value, 1), else_=0)).label("running"),
                func.sum(case((jobs.c.status == JobStatus.DEAD.value, 1), else_=0)).label("dead"),
                func.min(case((due, jobs.c.run_at))).label("oldest"),
            )
            .where(jobs.c.status.in_((*WAITING, JobStatus.RUNNING.value, JobStatus.DEAD.value)))
            .group_by(jobs.c.queue)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        found = {row.queue: row for row in rows}
        return {queue: _counts(queue, found.get(queue), now) for queue in QUEUES}

    async def _end(self, job: ClaimedJob, status: JobStatus, **values: Any) -> None:
        """Instead of waiting or being dead, what is to be cancelled ends."""
        unwanted = jobs.c.cancel_requested_at.is_not(None)
        now, otherwise = literal(self._clock.now(), UtcDateTime), values.pop("finished_at", None)
        statement = _held(job).values(
            status=case((unwanted, JobStatus.CANCELLED.value), else_=status.value),
            finished_at=case((unwanted, now), else_=literal(otherwise, UtcDateTime)),
            lease_id=None,
            lease_until=None,
            **values,
        )
        async with self._soon() as connection:
            await connection.execute(statement)


def _held(job: ClaimedJob) -> Update:
    """Only the holder of the lease writes."""
    return update(jobs).where(jobs.c.id == job.id, jobs.c.lease_id == job.lease_id)


def _claimed(row: Any, lease_id: UUID) -> ClaimedJob:
    return ClaimedJob(
        id=row.id,
        kind=row.kind,
        payload=row.payload,
        payload_version=row.payload_version,
        attempts=row.attempts,
        created_at=row.created_at,
        tries_since=row.tries_since,
        lease_id=lease_id,
        correlation_id=row.correlation_id,
        trace_parent=row.trace_parent,
    )


def _kept(error: str) -> str:
    """Redacted before it is cut: half a secret does not look like one. A book is not read to its end for it."""
    return redacted(error[:_MOST_READ])[:_LONGEST_ERROR]


def _counts(queue: str, row: Any, now: datetime) -> JobCounts:
    if row is None:
        return JobCounts(queue=queue, waiting=0, running=0, dead=0, oldest_seconds=0.0)
    age = (now - row.oldest).total_seconds() if row.oldest is not None else 0.0
    return JobCounts(queue=queue, waiting=row.waiting, running=row.running, dead=row.dead, oldest_seconds=max(age, 0.0))
