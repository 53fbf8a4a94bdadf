"""What is shown of jobs, on both databases."""

from datetime import timedelta
from uuid import UUID

import pytest

from application.ports.job_queries import JobFilter
from domain.operations.job import JobNotFound, JobStatus, QueueName
from infrastructure.persistence.jobs.job_tables import QUEUES
from infrastructure.persistence.jobs.sql_job_queries import SqlJobQueries
from infrastructure.persistence.jobs.sql_job_records import SqlJobRecords
from tests.support.builders import ADMIN, CAREGIVER, NOW, OWNER, STRANGER, identified
from tests.support.stores import Store, store_or_pooled_store

__all__ = ["store_or_pooled_store"]

EVERYTHING = JobFilter()


@pytest.fixture
def queries(peopled: Store) -> SqlJobQueries:
    return SqlJobQueries(peopled.database)


@pytest.fixture
def records(peopled: Store) -> SqlJobRecords:
    return SqlJobRecords(peopled.database, clock=peopled.clock, ids=peopled.ids)


async def enqueue(store: Store, kind: str = "tests.run", *, queue: str = "default", by: UUID | None = None) -> UUID:
    async with store.unit_of_work() as uow:
        job_id = await uow.jobs.enqueue(kind, {"a": 1}, queue=queue, requester_id=by)
    assert job_id is not None
    return job_id


async def test_a_job_is_shown_to_who_asked_for_it_and_to_admins(peopled: Store, queries: SqlJobQueries) -> None:
    job_id = await enqueue(peopled, by=OWNER.account_id)
    for viewer in (OWNER, ADMIN):
        shown = await queries.get(job_id, viewer=viewer)
        assert (shown.id, shown.kind, shown.status, shown.attempts) == (job_id, "tests.run", JobStatus.QUEUED, 0)
        assert (shown.created_at, shown.run_at, shown.started_at, shown.finished_at) == (NOW, NOW, None, None)
        assert (shown.progress, shown.error, shown.result_url) == (None, None, None)
    for viewer in (CAREGIVER, STRANGER):
        with pytest.raises(JobNotFound):
            await queries.get(job_id, viewer=viewer)


async def test_a_job_that_nobody_asked_for_is_for_admins_only(peopled: Store, queries: SqlJobQueries) -> None:
    job_id = await enqueue(peopled)
    assert (await queries.get(job_id, viewer=ADMIN)).id == job_id
    with pytest.raises(JobNotFound):
        await queries.get(job_id, viewer=OWNER)


async def test_what_is_not_there_is_not_found(queries: SqlJobQueries) -> None:
    with pytest.raises(JobNotFound):
        await queries.get(identified("no job"), viewer=ADMIN)
    with pytest.raises(JobNotFound):
        await queries.job(identified("no job"))


async def test_how_a_job_went_is_shown_without_secrets(
    peopled: Store, queries: SqlJobQueries, records: SqlJobRecords
) -> None:
    job_id = await enqueue(peopled, by=OWNER.account_id)
    peopled.clock.advance(timedelta(seconds=3))
    claimed = await records.claim(job_id)
    assert claimed is not None
    await records.bury(claimed, error="MailRefused: an@example.com, token=abc")
    shown = await queries.job(job_id)
    assert (shown.status, shown.error) == (JobStatus.DEAD, "MailRefused: [address], token=[secret]")
    assert shown.started_at == shown.finished_at == NOW + timedelta(seconds=3)
    assert (shown.queue, shown.requester_id) == (QueueName.DEFAULT, OWNER.account_id)


async def test_pages_go_from_the_newest_to_the_oldest_and_show_each_job_once(
    peopled: Store, queries: SqlJobQueries
) -> None:
    made = [await enqueue(peopled) for _ in range(7)]
    seen: list[UUID] = []
    after: UUID | None = None
    sizes: list[int] = []
    while True:
        page, after = await queries.jobs(EVERYTHING, limit=3, after=after)
        sizes.append(len(page))
        seen += [job.id for job in page]
        # What comes meanwhile is newer, and moves nothing.
        await enqueue(peopled)
        if after is None:
            break
    assert seen == made[::-1]
    assert sizes == [3, 3, 1]


async def test_a_list_is_filtered_by_status_kind_and_queue_together(
    peopled: Store, queries: SqlJobQueries, records: SqlJobRecords
) -> None:
    mail = await enqueue(peopled, "mail.send", queue="mail")
    money = await enqueue(peopled, "payments.refund", queue="money")
    claimed = await records.claim(await enqueue(peopled, "mail.send", queue="mail"))
    assert claimed is not None

    async def found(**wanted: object) -> set[UUID]:
        page, after = await queries.jobs(JobFilter(**wanted), limit=10, after=None)  # pyright: ignore
        assert after is None
        return {job.id for job in page}

    assert await found() == {mail, money, claimed.id}
    assert await found(kind="mail.send") == {mail, claimed.id}
    assert await found(queue=QueueName.MONEY) == {money}
    assert await found(status=JobStatus.RUNNING) == {claimed.id}
    assert await found(status=JobStatus.QUEUED, kind="mail.send") == {mail}
    assert await found(queue=QueueName.MONEY, kind="mail.send") == set()


async def test_paused_queues_are_told_with_their_moment(peopled: Store, queries: SqlJobQueries) -> None:
    assert await queries.paused_queues() == {}
    async with peopled.unit_of_work() as uow:
        assert await uow.jobs.pause(QueueName.MONEY)
        assert not await uow.jobs.pause(QueueName.MONEY)
        await uow.jobs.pause(QueueName.MAIL)
    assert await queries.paused_queues() == {QueueName.MONEY: NOW, QueueName.MAIL: NOW}
    async with peopled.unit_of_work() as uow:
        assert await uow.jobs.resume(QueueName.MONEY)
        assert not await uow.jobs.resume(QueueName.MONEY)
    assert await queries.paused_queues() == {QueueName.MAIL: NOW}


def test_the_queues_are_those_of_the_rules() -> None:
    assert QUEUES == ("money", "mail", "default", "reports")


async def test_what_lies_there_untaken_is_found_by_its_kind_and_how_long(
    peopled: Store, queries: SqlJobQueries, records: SqlJobRecords
) -> None:
    kinds = ("alerts.notify", "alerts.mail")
    first = await enqueue(peopled, "alerts.notify", queue="money")
    taken = await enqueue(peopled, "alerts.notify", queue="money")
    await enqueue(peopled, "payments.refund", queue="money")
    assert await records.claim(taken) is not None
    peopled.clock.advance(timedelta(seconds=5))
    second = await enqueue(peopled, "alerts.mail", queue="money")

    async def left(seconds: float) -> list[UUID]:
        due_by = NOW + timedelta(seconds=seconds)
        return await queries.left_lying(QueueName.MONEY, kinds, due_by=due_by, limit=9)

    assert [await left(-1), await left(0), await left(4)] == [[], [first], [first]]
    assert await left(5) == [first, second]
    assert await queries.left_lying(QueueName.MONEY, kinds, due_by=NOW + timedelta(hours=1), limit=1) == [first]


async def test_whether_work_asked_for_under_a_key_is_open(
    peopled: Store, queries: SqlJobQueries, records: SqlJobRecords
) -> None:
    async with peopled.unit_of_work() as uow:
        job_id = await uow.jobs.enqueue("tests.run", {}, queue="default", unique_key="once")
    assert job_id is not None
    assert await queries.is_any_open(["never", "once"])
    assert not await queries.is_any_open(["never"])
    job = await records.claim(job_id)
    assert job is not None
    assert await queries.is_any_open(["once"])
    assert await records.succeed(job)
    assert not await queries.is_any_open(["once"])
