"""Records jobs in the transaction that wants them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from application.correlation import correlation_id
from application.ports.job_queue import JobPayload, JobQueue
from infrastructure.persistence.dialects import insert_or_ignore
from infrastructure.persistence.jobs.job_tables import JobStatus, jobs
from infrastructure.persistence.transaction import Transaction


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
            "attempts": 0,
            "created_at": now,
            "run_at": run_at or now,
        }
        connection = self._transaction.connection
        await self._transaction.execute(insert_or_ignore(connection, jobs, ["unique_key"]).values(row))
        self._transaction.leaves_work = True
        if unique_key is None:
            return job_id
        kept = await self._transaction.first(select(jobs.c.id).where(jobs.c.unique_key == unique_key))
        return job_id if kept is not None and kept.id == job_id else None

    def finish_current(self) -> None:
        self._transaction.finishes_job = True
