"""What becomes of jobs whose worker died, on both databases."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from application.ports.job_records import LEASE_SECONDS
from domain.operations.crashes import CRASHES_TO_BURY, MOST_CRASHES, SAME_DEATH
from infrastructure.persistence.jobs.job_rescue import APART, rescue_orphans
from infrastructure.persistence.jobs.job_tables import JobStatus, jobs
from infrastructure.persistence.jobs.sql_job_records import SqlJobRecords
from tests.support.builders import NOW
from tests.support.stores import Store, store_or_pooled_store

__all__ = ["store_or_pooled_store"]

LEASE = timedelta(seconds=LEASE_SECONDS + 1)


async def enqueue(store: Store) -> UUID:
    async with store.unit_of_work() as uow:
        job_id = await uow.jobs.enqueue("tests.run", {})
    assert job_id is not None
    return job_id


async def a_worker_dies(store: Store, *running: UUID) -> None:
    """While it runs those jobs; the relay notices."""
    records = SqlJobRecords(store.database, clock=store.clock, ids=store.ids)
    for job_id in running:
        assert await records.claim(job_id) is not None
    store.clock.advance(LEASE)
    await relay_looks(store)


async def relay_looks(store: Store) -> None:
    async with store.database.begin() as connection:
        await rescue_orphans(connection, now=store.clock.now())


async def row_of(store: Store, job_id: UUID) -> dict[str, Any]:
    return next(row for row in await store.rows(jobs) if row["id"] == job_id)


async def statuses(store: Store, *job_ids: UUID) -> list[str]:
    return [(await row_of(store, job_id))["status"] for job_id in job_ids]


async def test_an_orphan_goes_before_what_came_after_it(store: Store) -> None:
    orphan = await enqueue(store)
    await a_worker_dies(store, orphan)
    row = await row_of(store, orphan)
    assert (row["status"], row["run_at"], row["attempts"], row["crashes"]) == (JobStatus.RETRYING, NOW, 1, 1)
    assert (row["lease_id"], row["lease_until"], row["dispatched_at"]) == (None, None, None)


async def test_a_job_that_alone_saw_three_workers_die_is_dead(store: Store) -> None:
    deadly = await enqueue(store)
    for _ in range(CRASHES_TO_BURY):
        assert await statuses(store, deadly) != [JobStatus.DEAD]
        await a_worker_dies(store, deadly)
    row = await row_of(store, deadly)
    assert (row["status"], row["finished_at"]) == (JobStatus.DEAD, store.clock.now())
    assert row["error"] == "its worker died 3 times in a row while it ran"


async def test_who_was_only_there_is_not_blamed_while_workers_die_anyway(store: Store) -> None:
    unlucky = await enqueue(store)
    for crashes in range(1, MOST_CRASHES):
        await a_worker_dies(store, await enqueue(store))
        await a_worker_dies(store, unlucky)
        row = await row_of(store, unlucky)
        assert (row["status"], row["crashes"]) == (JobStatus.RETRYING, crashes)
    # There is an end: two that kill in turn would excuse each other for ever.
    await a_worker_dies(store, unlucky)
    assert (await row_of(store, unlucky))["error"] == "its worker died 10 times in a row while it ran"


async def test_of_those_that_died_together_only_the_one_that_kills_alone_is_dead(store: Store) -> None:
    together = [await enqueue(store) for _ in range(4)]
    for _ in range(CRASHES_TO_BURY):
        await a_worker_dies(store, *together)
    assert await statuses(store, *together) == [JobStatus.RETRYING] * 4
    starts = sorted(row["run_at"] for row in await store.rows(jobs))
    assert [start - store.clock.now() for start in starts] == [APART * place for place in range(4)]
    store.clock.advance(APART * 4)
    deadly = together[2]
    await a_worker_dies(store, deadly)
    assert await statuses(store, *together) == [
        JobStatus.DEAD if job_id == deadly else JobStatus.RETRYING for job_id in together
    ]


async def test_the_leases_of_one_dead_worker_need_not_run_out_at_once(store: Store) -> None:
    """They were last renewed within two seconds of each other, and relays look once a second."""
    early, late = await enqueue(store), await enqueue(store)
    records = SqlJobRecords(store.database, clock=store.clock, ids=store.ids)
    for _ in range(CRASHES_TO_BURY):
        store.clock.advance(APART)
        assert await records.claim(early) is not None
        store.clock.advance(SAME_DEATH / 2)
        assert await records.claim(late) is not None
        store.clock.advance(LEASE - SAME_DEATH / 2)
        await relay_looks(store)
        store.clock.advance(SAME_DEATH / 2)
        await relay_looks(store)
    assert await statuses(store, early, late) == [JobStatus.RETRYING] * 2


async def test_two_relays_that_judge_at_once_keep_suspects_apart(store: Store) -> None:
    early, late = await enqueue(store), await enqueue(store)
    for _ in range(CRASHES_TO_BURY - 1):
        await a_worker_dies(store, early, late)
    records = SqlJobRecords(store.database, clock=store.clock, ids=store.ids)
    assert await records.claim(early) is not None
    store.clock.advance(timedelta(seconds=1))
    assert await records.claim(late) is not None
    store.clock.advance(LEASE - timedelta(seconds=1))
    async with store.database.begin() as connection:
        await rescue_orphans(connection, now=store.clock.now())
        store.clock.advance(timedelta(seconds=1))
        other = asyncio.create_task(relay_looks(store))
        await asyncio.wait([other], timeout=0.2)
        assert not other.done(), "it waits for the judgement of the first"
    await other
    assert await statuses(store, early, late) == [JobStatus.RETRYING] * 2
    starts = [(await row_of(store, job_id))["run_at"] for job_id in (early, late)]
    assert abs(starts[0] - starts[1]) >= APART - timedelta(seconds=1)


async def test_one_that_is_to_be_cancelled_is_cancelled_instead(store: Store) -> None:
    unwanted = await enqueue(store)
    async with store.database.begin() as connection:
        await connection.execute(jobs.update().values(cancel_requested_at=store.clock.now()))
    await a_worker_dies(store, unwanted)
    row = await row_of(store, unwanted)
    assert (row["status"], row["finished_at"], row["crashes"]) == (JobStatus.CANCELLED, store.clock.now(), 1)
