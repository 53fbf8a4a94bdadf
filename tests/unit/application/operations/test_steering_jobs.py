"""Jobs and queues are steered over SQLite, and the audit log says by whom."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from application.operations.cancel_job import CancelJob
from application.operations.drop_job import DropJob
from application.operations.pause_queue import PauseQueue
from application.operations.resume_queue import ResumeQueue
from application.operations.retry_job import RetryJob
from application.operations.show_queues import ShowQueues
from application.ports.job_records import ClaimedJob, Lease
from domain.operations.job import JobHasEnded, JobId, JobNotDead, JobNotFound, JobNotRetryable, JobStatus, QueueName
from infrastructure.persistence.audit.audit_tables import audit_log
from infrastructure.persistence.jobs.job_tables import jobs
from infrastructure.persistence.jobs.sql_job_queries import SqlJobQueries
from infrastructure.persistence.jobs.sql_job_records import SqlJobRecords
from tests.support.builders import ADMIN, OWNER, STRANGER, identified
from tests.support.stores import Store, migrated_postgres, sqlite_store

__all__ = ["migrated_postgres", "sqlite_store"]

NOBODYS = JobId(identified("no job"))


@dataclass
class Desk:
    store: Store
    records: SqlJobRecords

    async def job(self, *, queue: str = "default") -> JobId:
        async with self.store.unit_of_work() as uow:
            job_id = await uow.jobs.enqueue("tests.run", {}, queue=queue, requester_id=OWNER.account_id)
        assert job_id is not None
        return JobId(job_id)

    async def claimed(self, job_id: JobId) -> ClaimedJob:
        job = await self.records.claim(job_id)
        assert job is not None
        return job

    async def dead(self, *, error: str = "MailRefused: 550") -> JobId:
        job_id = await self.job()
        await self.records.bury(await self.claimed(job_id), error=error)
        return job_id

    async def row(self, job_id: JobId) -> dict[str, Any]:
        return next(row for row in await self.store.rows(jobs) if row["id"] == job_id)

    async def audited(self) -> list[tuple[Any, ...]]:
        rows = await self.store.rows(audit_log)
        return [(row["admin_id"], row["action"], row["subject_id"], row["reason"]) for row in rows]


@pytest.fixture
async def desk(sqlite_store: Store) -> Desk:
    await sqlite_store.people()
    return Desk(sqlite_store, SqlJobRecords(sqlite_store.database, clock=sqlite_store.clock, ids=sqlite_store.ids))


def shared(desk: Desk) -> dict[str, Any]:
    return {"unit_of_work": desk.store.unit_of_work, "clock": desk.store.clock}


async def test_who_asked_for_a_job_cancels_it_and_nobody_writes_that_down(desk: Desk) -> None:
    job_id = await desk.job()
    for _ in range(2):
        await CancelJob(**shared(desk)).execute(actor=OWNER, job_id=job_id)
    assert (await desk.row(job_id))["status"] == JobStatus.CANCELLED
    assert await desk.records.claim(job_id) is None
    assert await desk.audited() == []


async def test_an_admins_and_the_operators_cancelling_is_written_down_once(desk: Desk) -> None:
    for actor, by in ((ADMIN, ADMIN.account_id), (None, None)):
        job_id = await desk.job()
        for _ in range(2):
            await CancelJob(**shared(desk)).execute(actor=actor, job_id=job_id)
        assert (await desk.audited())[-1] == (by, "jobs.cancel", job_id, "tests.run")
    assert len(await desk.audited()) == 2


async def test_a_running_job_keeps_its_lease_until_it_has_stopped(desk: Desk) -> None:
    job_id = await desk.job()
    claimed = await desk.claimed(job_id)
    assert await desk.records.renew(claimed) is Lease.HELD
    await CancelJob(**shared(desk)).execute(actor=OWNER, job_id=job_id)
    row = await desk.row(job_id)
    assert (row["status"], row["lease_id"]) == (JobStatus.RUNNING, claimed.lease_id)
    assert await desk.records.renew(claimed) is Lease.UNWANTED


async def test_what_is_refused_changes_and_audits_nothing(desk: Desk) -> None:
    job_id = await desk.job()
    await desk.records.succeed(await desk.claimed(job_id))
    before = await desk.row(job_id)
    cancel, retry, drop = CancelJob(**shared(desk)), RetryJob(**shared(desk)), DropJob(**shared(desk))
    with pytest.raises(JobHasEnded, match="succeeded"):
        await cancel.execute(actor=ADMIN, job_id=job_id)
    with pytest.raises(JobNotRetryable, match="succeeded"):
        await retry.execute(admin=ADMIN, job_id=job_id)
    with pytest.raises(JobNotDead, match="succeeded"):
        await drop.execute(admin=ADMIN, job_id=job_id)
    with pytest.raises(JobNotFound):
        await cancel.execute(actor=STRANGER, job_id=job_id)
    for use_case in (retry, drop):
        with pytest.raises(JobNotFound):
            await use_case.execute(admin=ADMIN, job_id=NOBODYS)
    assert await desk.row(job_id) == before
    assert await desk.audited() == []


@pytest.mark.parametrize(("admin", "by"), [(ADMIN, ADMIN.account_id), (None, None)], ids=["admin", "operator"])
async def test_a_retried_job_is_due_has_no_attempts_and_all_its_time(desk: Desk, admin: Any, by: Any) -> None:
    job_id = await desk.dead()
    desk.store.clock.advance(timedelta(days=3))
    desk.store.wakes.clear()
    await RetryJob(**shared(desk)).execute(admin=admin, job_id=job_id)

    row = await desk.row(job_id)
    assert (row["status"], row["attempts"], row["dispatched_at"]) == (JobStatus.QUEUED, 0, None)
    assert desk.store.wakes
    claimed = await desk.claimed(job_id)
    assert (claimed.attempts, claimed.tries_since) == (1, desk.store.clock.now())
    assert await desk.audited() == [(by, "jobs.retry", job_id, "tests.run")]


async def test_a_dropped_job_is_kept_and_audited_with_the_reason(desk: Desk) -> None:
    job_id = await desk.dead()
    await DropJob(**shared(desk)).execute(admin=ADMIN, job_id=job_id, reason="gone")
    row = await desk.row(job_id)
    assert (row["status"], row["error"]) == (JobStatus.CANCELLED, "Dropped (gone) after MailRefused: 550")
    assert await desk.audited() == [(ADMIN.account_id, "jobs.drop", job_id, "tests.run: gone")]


async def test_pausing_and_resuming_are_audited_when_they_change_something(desk: Desk) -> None:
    uow = desk.store.unit_of_work
    for _ in range(2):
        await PauseQueue(unit_of_work=uow).execute(admin=ADMIN, queue=QueueName.MAIL)
    for _ in range(2):
        await ResumeQueue(unit_of_work=uow).execute(admin=None, queue=QueueName.MAIL)
    assert await desk.audited() == [
        (ADMIN.account_id, "queues.pause", None, "mail"),
        (None, "queues.resume", None, "mail"),
    ]


async def test_the_queues_tell_how_much_waits_runs_is_dead_and_whether_they_are_paused(desk: Desk) -> None:
    paused_at = desk.store.clock.now()
    await desk.job(queue="mail")
    running = await desk.claimed(await desk.job(queue="mail"))
    await desk.dead()
    await PauseQueue(unit_of_work=desk.store.unit_of_work).execute(admin=ADMIN, queue=QueueName.MAIL)
    desk.store.clock.advance(timedelta(seconds=90))

    show = ShowQueues(job_records=desk.records, job_queries=SqlJobQueries(desk.store.database))
    money, mail, default, reports = await show.execute()
    assert (mail.depth, mail.running, mail.dead, mail.oldest_seconds) == (1, 1, 0, 90.0)
    assert (mail.paused, mail.paused_at) == (True, paused_at)
    assert (default.dead, default.paused, default.paused_at) == (1, False, None)
    assert [queue.name for queue in (money, mail, default, reports)] == list(QueueName)
    # What was begun before may end.
    assert await desk.records.renew(running) is Lease.HELD
