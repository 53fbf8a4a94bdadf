"""Records and steers jobs in the transaction that wants it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from application.correlation import correlation_id
from application.ports.job_queue import JobPayload, JobQueue
from application.trace_parent import trace_parent
from domain.operations.job import Job, JobId, JobNotFound, JobStatus, QueueName
from infrastructure.persistence.dialects import insert_or_ignore, locked
from infrastructure.persistence.jobs.hot_statements import WAITING
from infrastructure.persistence.jobs.job_tables import jobs, paused_queues
from infrastructure.persistence.transaction import Transaction

# What a job says of itself when it is saved, beside its status.
_STEERED = ("attempts", "run_at", "tries_since", "error", "started_at", "finished_at", "cancel_requested_at")


class SqlJobQueue(JobQueue):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def enqueue(
        self,
        kind: str,
        payload: JobPayload,
        *,
        queue: str = "default",
        run_at: datetime | None = None,
        unique_key: str | None = None,
        requester_id: UUID | None = None,
    ) -> UUID | None:
        now = self._transaction.clock.now()
        job_id = self._transaction.ids.new()
        row = {
            "id": job_id,
            "kind": kind,
            "payload": dict(payload),
            "queue": queue,
            "status": JobStatus.QUEUED.value,
            "requester_id": requester_id,
            "unique_key": unique_key,
            "correlation_id": correlation_id.get(),
            "trace_parent": trace_parent.get(),
            "attempts": 0,
            "created_at": now,
            "run_at": run_at or now,
        }
        connection = self._transaction.connection
        inserted = await self._transaction.execute(insert_or_ignore(connection, jobs, ["unique_key"]), row)
        self._transaction.leaves_work = True
        return job_id if inserted.rowcount == 1 else None

    async def open_of(self, kind: str, *, requester_id: UUID) -> Mapping[UUID, JobPayload]:
        his = jobs.c.kind == kind, jobs.c.requester_id == requester_id
        is_open = jobs.c.status.in_((*WAITING, JobStatus.RUNNING.value))
        statement = select(jobs.c.id, jobs.c.payload).where(*his, is_open).order_by(jobs.c.id)
        return {row.id: row.payload for row in await self._transaction.all(statement)}

    def finish_current(self, *, result_url: str | None = None) -> None:
        self._transaction.finishes_job = True
        self._transaction.result_url = result_url

    async def get(self, job_id: JobId) -> Job:
        columns = [jobs.c[name] for name in ("id", "kind", "status", "requester_id", *_STEERED)]
        row = await self._transaction.first(locked(select(*columns).where(jobs.c.id == job_id)))
        if row is None:
            raise JobNotFound
        facts: dict[str, Any] = row._asdict() | {"status": JobStatus(row.status)}
        return Job(**facts)

    async def save(self, job: Job) -> None:
        values = {name: getattr(job, name) for name in _STEERED} | {"status": job.status.value}
        if job.status is JobStatus.QUEUED:
            values |= {"dispatched_at": None, "progress": None, "crashes": 0}
            self._transaction.leaves_work = True
        await self._transaction.execute(update(jobs).where(jobs.c.id == job.id).values(values))

    async def pause(self, queue: QueueName) -> bool:
        row = {"queue": queue.value, "paused_at": self._transaction.clock.now()}
        statement = insert_or_ignore(self._transaction.connection, paused_queues, ["queue"]).values(row)
        return (await self._transaction.execute(statement)).rowcount == 1

    async def resume(self, queue: QueueName) -> bool:
        paused = delete(paused_queues).where(paused_queues.c.queue == queue.value)
        if (await self._transaction.execute(paused)).rowcount == 0:
            return False
        # The messages that came while it was paused are gone.
        waiting = jobs.c.status.in_([JobStatus.QUEUED.value, JobStatus.RETRYING.value])
        sent = update(jobs).where(waiting, jobs.c.queue == queue.value, jobs.c.dispatched_at.is_not(None))
        await self._transaction.execute(sent.values(dispatched_at=None))
        self._transaction.leaves_work = True
        return True
