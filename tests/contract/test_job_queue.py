"""What the job queue of a unit of work promises, on both databases."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from application.correlation import correlation_id
from domain.shared.actor import Actor
from infrastructure.persistence.jobs.job_tables import QUEUES, JobStatus, jobs
from infrastructure.persistence.jobs.sql_job_records import SqlJobRecords
from tests.support.builders import CAREGIVER, NOW, OWNER
from tests.support.stores import Store, store_or_pooled_store

__all__ = ["store_or_pooled_store"]


async def enqueue(store: Store, *, unique_key: str | None = None) -> UUID | None:
    async with store.unit_of_work() as uow:
        return await uow.jobs.enqueue("tests.run", {"id": "1"}, unique_key=unique_key)


async def test_a_job_exists_if_and_only_if_its_unit_of_work_committed(store: Store) -> None:
    kept = await enqueue(store)
    async with store.undone() as uow:
        await uow.jobs.enqueue("tests.run", {})
    assert [row["id"] for row in await store.rows(jobs)] == [kept]


async def test_a_job_is_recorded_as_it_was_asked_for(peopled: Store) -> None:
    token = correlation_id.set("request-9")
    later = NOW + timedelta(hours=3, microseconds=1)
    try:
        async with peopled.unit_of_work() as uow:
            job_id = await uow.jobs.enqueue(
                "tests.run",
                {"text": "é\n", "count": 3, "flag": True, "nothing": None},
                queue="reports",
                run_at=later,
                unique_key="only one",
                requester_id=OWNER.account_id,
            )
    finally:
        correlation_id.reset(token)
    (row,) = await peopled.rows(jobs)
    assert row == row | {
        "id": job_id,
        "kind": "tests.run",
        "payload": {"text": "é\n", "count": 3, "flag": True, "nothing": None},
        "queue": "reports",
        "status": JobStatus.QUEUED,
        "requester_id": OWNER.account_id,
        "unique_key": "only one",
        "correlation_id": "request-9",
        "attempts": 0,
        "created_at": NOW,
        "run_at": later,
        "dispatched_at": None,
        "lease_id": None,
    }


async def test_of_several_jobs_with_one_key_only_the_first_exists(store: Store) -> None:
    first = await enqueue(store, unique_key="refund:1")
    assert first is not None
    assert await enqueue(store, unique_key="refund:1") is None
    async with store.unit_of_work() as uow:
        assert await uow.jobs.enqueue("tests.other", {}, unique_key="refund:1", queue="money") is None
        assert await uow.jobs.enqueue("tests.run", {}, unique_key="refund:2") is not None
    kept = {row["unique_key"]: row for row in await store.rows(jobs)}
    assert set(kept) == {"refund:1", "refund:2"}
    assert (kept["refund:1"]["id"], kept["refund:1"]["kind"]) == (first, "tests.run")


async def test_a_key_stays_taken_when_its_job_is_done(store: Store) -> None:
    job_id = await enqueue(store, unique_key="mail:1")
    assert job_id is not None
    records = SqlJobRecords(store.database, clock=store.clock, ids=store.ids)
    claimed = await records.claim(job_id)
    assert claimed is not None
    await records.succeed(claimed)
    assert await enqueue(store, unique_key="mail:1") is None


async def test_a_key_is_free_again_when_its_unit_of_work_failed(store: Store) -> None:
    async with store.undone() as uow:
        assert await uow.jobs.enqueue("tests.run", {}, unique_key="mail:1") is not None
    assert await enqueue(store, unique_key="mail:1") is not None


async def test_jobs_without_a_key_are_never_taken_for_one_another(store: Store) -> None:
    assert len({await enqueue(store) for _ in range(3)} - {None}) == 3


async def test_the_open_jobs_of_a_requester_are_those_that_wait_or_run(peopled: Store) -> None:
    async def asked(kind: str, number: int, requester: Actor) -> UUID:
        async with peopled.unit_of_work() as uow:
            job_id = await uow.jobs.enqueue(kind, {"number": number}, requester_id=requester.account_id)
        assert job_id is not None
        return job_id

    done, running, waiting = [await asked("tests.run", number, OWNER) for number in range(3)]
    await asked("tests.other", 3, OWNER)
    await asked("tests.run", 4, CAREGIVER)
    records = SqlJobRecords(peopled.database, clock=peopled.clock, ids=peopled.ids)
    for job_id in (done, running):
        claimed = await records.claim(job_id)
        assert claimed is not None
        if job_id == done:
            await records.succeed(claimed)
    async with peopled.unit_of_work() as uow:
        found = await uow.jobs.open_of("tests.run", requester_id=OWNER.account_id)
    assert found == {running: {"number": 1}, waiting: {"number": 2}}


async def test_of_many_who_ask_at_once_with_one_key_one_gets_the_job(store: Store) -> None:
    asked = await asyncio.gather(*(enqueue(store, unique_key="refund:1") for _ in range(20)))
    (kept,) = [job_id for job_id in asked if job_id is not None]
    assert [row["id"] for row in await store.rows(jobs)] == [kept]


async def test_a_key_that_is_asked_for_twice_in_one_unit_of_work_gives_one_job(store: Store) -> None:
    async with store.unit_of_work() as uow:
        first = await uow.jobs.enqueue("tests.run", {}, unique_key="same")
        assert await uow.jobs.enqueue("tests.run", {}, unique_key="same") is None
    assert [row["id"] for row in await store.rows(jobs)] == [first]


@pytest.mark.parametrize("queue", QUEUES)
async def test_every_queue_takes_jobs(store: Store, queue: str) -> None:
    async with store.unit_of_work() as uow:
        await uow.jobs.enqueue("tests.run", {}, queue=queue)
    assert [row["queue"] for row in await store.rows(jobs)] == [queue]
