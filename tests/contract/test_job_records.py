"""What those may rely on who run jobs, on both databases."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from application.ports.job_records import LEASE_SECONDS, ClaimedJob, JobCounts, Lease
from domain.operations.job import NOTICE_KINDS, NOTICE_QUEUE, JobId, QueueName
from infrastructure.persistence.constraint_errors import DatabaseUnavailable
from infrastructure.persistence.database import Database
from infrastructure.persistence.jobs.job_rescue import rescue_orphans
from infrastructure.persistence.jobs.job_tables import JobStatus, jobs
from infrastructure.persistence.jobs.sql_job_records import SqlJobRecords
from tests.support.builders import NOW, identified
from tests.support.stores import Store, store_or_pooled_store

__all__ = ["store_or_pooled_store"]

LEASE = timedelta(seconds=LEASE_SECONDS)
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def records(store: Store) -> SqlJobRecords:
    return SqlJobRecords(store.database, clock=store.clock, ids=store.ids)


async def enqueue(store: Store, *, queue: str = "default", starts_in: timedelta = timedelta()) -> UUID:
    async with store.unit_of_work() as uow:
        job_id = await uow.jobs.enqueue("tests.run", {"a": 1}, queue=queue, run_at=store.clock.now() + starts_in)
    assert job_id is not None
    return job_id


async def claimed(records: SqlJobRecords, job_id: UUID) -> ClaimedJob:
    job = await records.claim(job_id)
    assert job is not None
    return job


async def lease_runs_out(store: Store, seconds: timedelta = LEASE + MOMENT) -> None:
    store.clock.advance(seconds)
    async with store.database.begin() as connection:
        await rescue_orphans(connection, now=store.clock.now())


async def row_of(store: Store, job_id: UUID) -> dict[str, Any]:
    return next(row for row in await store.rows(jobs) if row["id"] == job_id)


class AnswersGetLost(Database):
    """The first thing it is asked is done and not answered."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.url)
        self._within = store.database
        self.asked = 0

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[AsyncConnection]:
        async with self._within.alone() as connection:
            yield connection
        self.asked += 1
        if self.asked == 1:
            raise DatabaseUnavailable


async def test_a_claim_tells_what_is_to_be_done_and_counts_as_an_attempt(store: Store, records: SqlJobRecords) -> None:
    job_id = await enqueue(store)
    store.clock.advance(timedelta(seconds=5))
    job = await claimed(records, job_id)
    assert (job.id, job.kind, job.payload, job.attempts, job.created_at) == (job_id, "tests.run", {"a": 1}, 1, NOW)
    row = await row_of(store, job_id)
    assert (row["status"], row["attempts"], row["lease_id"]) == (JobStatus.RUNNING, 1, job.lease_id)
    assert row["lease_until"] == store.clock.now() + LEASE
    assert row["started_at"] == store.clock.now()


async def test_a_job_has_one_holder(store: Store, records: SqlJobRecords) -> None:
    job_id = await enqueue(store)
    claims = await asyncio.gather(*(records.claim(job_id) for _ in range(20)))
    assert sum(claim is not None for claim in claims) == 1
    assert (await row_of(store, job_id))["attempts"] == 1


async def test_a_job_that_somebody_holds_for_an_instant_is_claimed_after_it(postgres_store: Store) -> None:
    """As a relay does that looked when another one was sending the job: its only message would be gone."""
    store = postgres_store
    records, job_id = SqlJobRecords(store.database, clock=store.clock, ids=store.ids), await enqueue(store)
    async with store.database.begin() as connection:
        await connection.execute(select(jobs.c.id).where(jobs.c.id == job_id).with_for_update())
        claim = asyncio.create_task(records.claim(job_id))
        await store.until_lock_waits()
    assert await claim is not None


async def test_a_job_that_another_takes_while_one_waits_for_it_is_claimed_once(postgres_store: Store) -> None:
    store = postgres_store
    job_id = await enqueue(store)
    claimants = [SqlJobRecords(store.database, clock=store.clock, ids=store.ids) for _ in range(2)]
    async with store.database.begin() as connection:
        await connection.execute(select(jobs.c.id).where(jobs.c.id == job_id).with_for_update())
        claims = [asyncio.create_task(records.claim(job_id)) for records in claimants]
        await store.until_lock_waits(2)
    assert sum(claim is not None for claim in await asyncio.gather(*claims)) == 1


async def test_a_claim_whose_answer_got_lost_is_no_second_attempt(store: Store) -> None:
    job_id, lost = await enqueue(store), AnswersGetLost(store)
    job = await claimed(SqlJobRecords(lost, clock=store.clock, ids=store.ids), job_id)
    row = await row_of(store, job_id)
    assert lost.asked == 2
    assert (row["status"], row["attempts"], row["lease_id"]) == (JobStatus.RUNNING, 1, job.lease_id)


async def test_what_is_unknown_or_not_due_cannot_be_claimed(store: Store, records: SqlJobRecords) -> None:
    assert await records.claim(identified("no job")) is None
    later = await enqueue(store, starts_in=timedelta(minutes=1))
    # A clock that is half a second behind that of the relay makes nobody wait.
    store.clock.advance(timedelta(minutes=1) - timedelta(milliseconds=500) - MOMENT)
    assert await records.claim(later) is None
    store.clock.advance(MOMENT)
    assert await records.claim(later) is not None


async def test_what_is_done_or_dead_cannot_be_claimed(store: Store, records: SqlJobRecords) -> None:
    done, dead = [await claimed(records, await enqueue(store)) for _ in range(2)]
    await records.succeed(done)
    await records.bury(dead, error="refused")
    store.clock.advance(timedelta(days=365))
    assert [await records.claim(job.id) for job in (done, dead)] == [None, None]
    done_row, dead_row = await row_of(store, done.id), await row_of(store, dead.id)
    assert (done_row["status"], done_row["error"], done_row["progress"]) == (JobStatus.SUCCEEDED, None, 1.0)
    assert (dead_row["status"], dead_row["error"]) == (JobStatus.DEAD, "refused")
    assert done_row["finished_at"] == dead_row["finished_at"] == NOW


async def test_a_lease_ends_when_it_is_not_renewed(store: Store, records: SqlJobRecords) -> None:
    first = await claimed(records, await enqueue(store))
    store.clock.advance(LEASE)
    assert await records.claim(first.id) is None
    await lease_runs_out(store, MOMENT)
    second = await claimed(records, first.id)
    assert second.attempts == 2
    assert second.lease_id != first.lease_id


async def test_a_renewed_lease_lasts_from_then_on(store: Store, records: SqlJobRecords) -> None:
    job = await claimed(records, await enqueue(store))
    for _ in range(4):
        store.clock.advance(LEASE - MOMENT)
        assert await records.claim(job.id) is None
        assert await records.renew(job) is Lease.HELD
    assert (await row_of(store, job.id))["attempts"] == 1


async def test_who_lost_his_lease_writes_nothing(store: Store, records: SqlJobRecords) -> None:
    old = await claimed(records, await enqueue(store))
    await lease_runs_out(store)
    new = await claimed(records, old.id)
    before = await row_of(store, old.id)
    assert await records.renew(old) is Lease.LOST
    await records.succeed(old)
    await records.retry(old, error="late", run_at=store.clock.now())
    await records.bury(old, error="late")
    await records.hand_back(old, run_at=store.clock.now())
    assert await row_of(store, old.id) == before
    await records.succeed(new)
    assert await records.renew(new) is Lease.LOST
    await records.bury(new, error="after the end")
    assert (await row_of(store, new.id))["status"] == JobStatus.SUCCEEDED


async def test_a_retried_job_waits_for_its_hour_and_keeps_its_attempts(store: Store, records: SqlJobRecords) -> None:
    job = await claimed(records, await enqueue(store))
    await records.retry(job, error="x" * 5000, run_at=NOW + timedelta(seconds=4))
    row = await row_of(store, job.id)
    assert (row["status"], row["lease_id"], row["dispatched_at"]) == (JobStatus.RETRYING, None, None)
    assert len(row["error"]) == 500
    assert await records.claim(job.id) is None
    store.clock.advance(timedelta(seconds=4))
    assert (await claimed(records, job.id)).attempts == 2


async def test_a_job_handed_back_was_not_attempted(store: Store, records: SqlJobRecords) -> None:
    job = await claimed(records, await enqueue(store))
    await records.hand_back(job, run_at=NOW + timedelta(seconds=30))
    row = await row_of(store, job.id)
    assert (row["status"], row["attempts"], row["lease_id"]) == (JobStatus.QUEUED, 0, None)
    assert await records.claim(job.id) is None
    store.clock.advance(timedelta(seconds=30))
    again = await claimed(records, job.id)
    assert again.attempts == 1
    await records.retry(again, error="once", run_at=store.clock.now())
    third = await claimed(records, job.id)
    await records.hand_back(third, run_at=store.clock.now())
    row = await row_of(store, job.id)
    assert (row["status"], row["attempts"]) == (JobStatus.RETRYING, 1)


async def test_what_succeeds_after_a_failure_has_no_error_left(store: Store, records: SqlJobRecords) -> None:
    job = await claimed(records, await enqueue(store))
    await records.retry(job, error="first try", run_at=NOW)
    await records.succeed(await claimed(records, job.id))
    row = await row_of(store, job.id)
    assert (row["error"], row["attempts"], row["started_at"]) == (None, 2, NOW)


async def test_the_counts_tell_what_waits_runs_and_is_dead(store: Store, records: SqlJobRecords) -> None:
    nothing = {queue: JobCounts(queue=queue, waiting=0, running=0, dead=0, oldest_seconds=0.0) for queue in COUNTED}
    assert await records.counts() == nothing
    for at in range(5):
        await enqueue(store, queue="money")
        store.clock.advance(timedelta(seconds=10))
        if at == 0:
            await records.bury(await claimed(records, (await store.rows(jobs))[0]["id"]), error="dead")
    done, running = [row["id"] for row in sorted(await store.rows(jobs), key=lambda row: row["run_at"])[1:3]]
    await records.succeed(await claimed(records, done))
    await claimed(records, running)
    await enqueue(store, queue="mail", starts_in=timedelta(hours=1))
    counts = await records.counts()
    assert counts["money"] == JobCounts(queue="money", waiting=2, running=1, dead=1, oldest_seconds=20.0)
    # What is not due yet waits, and is not late.
    assert counts["mail"] == JobCounts(queue="mail", waiting=1, running=0, dead=0, oldest_seconds=0.0)
    assert counts["reports"] == nothing["reports"]


COUNTED = ("money", "mail", "default", "reports")


async def ask_to_cancel(store: Store, job_id: UUID) -> None:
    async with store.unit_of_work() as uow:
        job = await uow.jobs.get(JobId(job_id))
        job.cancel(by=None, at=store.clock.now())
        await uow.jobs.save(job)


async def test_a_job_of_a_paused_queue_waits_and_its_attempts_are_not_counted(
    store: Store, records: SqlJobRecords
) -> None:
    mail, money = await enqueue(store, queue="mail"), await enqueue(store, queue="money")
    async with store.unit_of_work() as uow:
        await uow.jobs.pause(QueueName.MAIL)
    assert await records.claim(mail) is None
    assert await records.claim(money) is not None
    row = await row_of(store, mail)
    assert (row["status"], row["attempts"], row["lease_id"]) == (JobStatus.QUEUED, 0, None)

    async with store.unit_of_work() as uow:
        await uow.jobs.resume(QueueName.MAIL)
    assert (await claimed(records, mail)).attempts == 1


async def test_no_pause_holds_up_a_notice_of_an_alert(store: Store, records: SqlJobRecords) -> None:
    async with store.unit_of_work() as uow:
        for queue in QueueName:
            await uow.jobs.pause(queue)
        notices = [await uow.jobs.enqueue(kind, {}, queue=NOTICE_QUEUE) for kind in NOTICE_KINDS]
    assert [(await claimed(records, job_id)).id for job_id in notices if job_id is not None] == notices


async def test_a_holder_hears_that_his_job_is_to_be_cancelled(store: Store, records: SqlJobRecords) -> None:
    job, other = await claimed(records, await enqueue(store)), await claimed(records, await enqueue(store))
    assert await records.renew(job) is Lease.HELD
    await ask_to_cancel(store, job.id)
    assert await records.renew(job) is Lease.UNWANTED
    assert await records.renew(other) is Lease.HELD


@pytest.mark.parametrize("ending", ["retry", "bury", "hand_back"])
async def test_what_is_to_be_cancelled_ends_cancelled_unless_it_succeeds(
    store: Store, records: SqlJobRecords, ending: str
) -> None:
    job, good = await claimed(records, await enqueue(store)), await claimed(records, await enqueue(store))
    for one in (job, good):
        await ask_to_cancel(store, one.id)
    store.clock.advance(timedelta(seconds=2))
    ends = {
        "retry": lambda: records.retry(job, error="failed", run_at=NOW + timedelta(hours=1)),
        "bury": lambda: records.bury(job, error="failed"),
        "hand_back": lambda: records.hand_back(job, run_at=NOW),
    }
    await ends[ending]()
    await records.succeed(good)

    row = await row_of(store, job.id)
    assert (row["status"], row["lease_id"], row["finished_at"]) == (JobStatus.CANCELLED, None, store.clock.now())
    assert await records.claim(job.id) is None
    assert (await row_of(store, good.id))["status"] == JobStatus.SUCCEEDED


async def test_what_is_to_be_cancelled_is_not_taken_up_again_when_its_holder_died(
    store: Store, records: SqlJobRecords
) -> None:
    job = await claimed(records, await enqueue(store))
    await ask_to_cancel(store, job.id)
    assert await records.claim(job.id) is None
    assert (await row_of(store, job.id))["status"] == JobStatus.RUNNING
    await lease_runs_out(store)
    assert await records.claim(job.id) is None
    row = await row_of(store, job.id)
    assert (row["status"], row["lease_id"], row["finished_at"]) == (JobStatus.CANCELLED, None, store.clock.now())
    assert row["attempts"] == 1


async def test_of_a_cancelling_and_a_claim_at_once_one_is_first(store: Store, records: SqlJobRecords) -> None:
    """Either it ends at once and nobody has it, or its holder has it and is asked to stop."""
    for _ in range(10):
        job_id = await enqueue(store)
        _, claim = await asyncio.gather(ask_to_cancel(store, job_id), records.claim(job_id))
        row = await row_of(store, job_id)
        assert row["cancel_requested_at"] is not None
        expected = (JobStatus.CANCELLED, None) if claim is None else (JobStatus.RUNNING, claim.lease_id)
        assert (row["status"], row["lease_id"]) == expected


async def test_the_time_of_a_job_counts_from_when_it_was_last_had_tried_again(
    store: Store, records: SqlJobRecords
) -> None:
    job = await claimed(records, await enqueue(store))
    assert job.tries_since == NOW
    await records.bury(job, error="too late")
    store.clock.advance(timedelta(days=3))
    async with store.unit_of_work() as uow:
        again = await uow.jobs.get(JobId(job.id))
        again.retry(at=store.clock.now())
        await uow.jobs.save(again)
    retried = await claimed(records, job.id)
    assert (retried.attempts, retried.created_at, retried.tries_since) == (1, NOW, NOW + timedelta(days=3))


async def test_errors_are_kept_without_secrets_also_where_they_are_cut(store: Store, records: SqlJobRecords) -> None:
    job = await claimed(records, await enqueue(store))
    padding = "x " * 240
    await records.retry(job, error=f"{padding}an.peeters.of.the.long.name@example.com", run_at=NOW)
    assert (await row_of(store, job.id))["error"] == f"{padding}[address]"
