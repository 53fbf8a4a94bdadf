"""What those may rely on who run jobs, on both databases."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from application.ports.job_records import LEASE_SECONDS, ClaimedJob, JobCounts
from infrastructure.persistence.jobs.job_rescue import rescue_orphans
from infrastructure.persistence.jobs.job_tables import JobStatus, jobs
from infrastructure.persistence.jobs.sql_job_records import SqlJobRecords
from tests.support.builders import NOW, identified
from tests.support.stores import Store

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


async def test_what_is_unknown_or_not_due_cannot_be_claimed(store: Store, records: SqlJobRecords) -> None:
    assert await records.claim(identified("no job")) is None
    later = await enqueue(store, starts_in=timedelta(minutes=1))
    store.clock.advance(timedelta(minutes=1) - MOMENT)
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
        assert await records.renew(job)
    assert (await row_of(store, job.id))["attempts"] == 1


async def test_who_lost_his_lease_writes_nothing(store: Store, records: SqlJobRecords) -> None:
    old = await claimed(records, await enqueue(store))
    await lease_runs_out(store)
    new = await claimed(records, old.id)
    before = await row_of(store, old.id)
    assert not await records.renew(old)
    await records.succeed(old)
    await records.retry(old, error="late", run_at=store.clock.now())
    await records.bury(old, error="late")
    await records.hand_back(old, run_at=store.clock.now())
    assert await row_of(store, old.id) == before
    await records.succeed(new)
    assert not await records.renew(new)
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
