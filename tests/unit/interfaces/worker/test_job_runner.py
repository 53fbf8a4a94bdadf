"""How one job is run, and what its record says afterwards."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from application.correlation import correlation_id
from application.ports.circuit_breakers import CircuitOpen
from application.ports.job_records import LEASE_SECONDS, ClaimedJob, Lease
from application.ports.mail import MailRefused
from application.ports.payments import PaymentRefused, PaymentsUnavailable
from application.running_job import report_progress
from domain.accounts.account import AccountNotFound
from domain.operations.job import JobId
from domain.operations.retries import MONEY
from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from infrastructure.pace.in_memory_pace import InMemoryPace
from infrastructure.persistence.constraint_errors import DatabaseUnavailable
from infrastructure.persistence.jobs.job_rescue import rescue_orphans
from infrastructure.persistence.jobs.job_tables import JobStatus, jobs
from infrastructure.persistence.jobs.sql_job_records import SqlJobRecords
from interfaces.worker.job_runner import MESSAGE_VERSION, RENEW_SECONDS, JobKind, JobRunner, Provider
from tests.support.builders import NOW, identified
from tests.support.polling import until
from tests.support.stores import Store

Work = Callable[[ClaimedJob], Awaitable[None]]


class AwayRecords(SqlJobRecords):
    """Claims jobs, and cannot be reached any more when a lease is to be renewed."""

    async def renew(self, job: ClaimedJob, *, progress: float | None = None) -> Lease:
        raise DatabaseUnavailable


@dataclass(slots=True, kw_only=True)
class Bench:
    """A store and a runner of one kind of job."""

    store: Store
    metrics: InMemoryMetrics
    records: SqlJobRecords
    pace: InMemoryPace = field(default_factory=InMemoryPace)

    async def enqueue(self, kind: str = "tests.run") -> UUID:
        token = correlation_id.set("request-3")
        async with self.store.unit_of_work() as uow:
            job_id = await uow.jobs.enqueue(kind, {"a": 1})
        correlation_id.reset(token)
        assert job_id is not None
        return job_id

    def runner(
        self, work: Work, *, renew_every_seconds: float = 0.001, lease_seconds: float = 60, **how: Any
    ) -> JobRunner:
        """Renews at every opportunity, or as told; a lease that cannot be renewed outlasts a stall of the machine."""
        kinds = {"tests.run": JobKind(run=work, **how)}
        return JobRunner(
            self.records,
            kinds,
            clock=self.store.clock,
            metrics=self.metrics,
            pace=self.pace,
            lease_seconds=lease_seconds,
            renew_every_seconds=renew_every_seconds,
        )

    async def take_over(self, job_id: UUID) -> ClaimedJob:
        """What happens when the holder stood still for too long: the relay sets the job free, another takes it."""
        later = self.store.clock.now() + timedelta(seconds=LEASE_SECONDS + 1)
        async with self.store.database.begin() as connection:
            await rescue_orphans(connection, now=later)
        self.store.clock.set(later)
        claimed = await self.records.claim(job_id)
        assert claimed is not None
        return claimed

    async def run(self, job_id: UUID, work: Work, **how: Any) -> dict[str, Any]:
        await self.runner(work, **how).run(job_id, MESSAGE_VERSION)
        return await self.row(job_id)

    async def row(self, job_id: UUID) -> dict[str, Any]:
        async with self.store.database.read() as connection:
            return dict((await connection.execute(select(jobs).where(jobs.c.id == job_id))).one()._mapping)


@pytest.fixture
def bench(sqlite_store: Store) -> Bench:
    return Bench(
        store=sqlite_store,
        metrics=InMemoryMetrics(),
        records=SqlJobRecords(sqlite_store.database, clock=sqlite_store.clock, ids=sqlite_store.ids),
    )


async def nothing(_job: ClaimedJob) -> None:
    return


def raising(error: BaseException) -> Work:
    async def work(_job: ClaimedJob) -> None:
        raise error

    return work


async def for_ever(_job: ClaimedJob) -> None:
    await asyncio.Event().wait()


async def test_a_job_that_works_has_succeeded(bench: Bench) -> None:
    seen: list[tuple[Any, ...]] = []

    async def work(job: ClaimedJob) -> None:
        seen.append((job.kind, job.payload, job.attempts, correlation_id.get()))

    row = await bench.run(await bench.enqueue(), work)
    assert seen == [("tests.run", {"a": 1}, 1, "request-3")]
    assert (row["status"], row["attempts"], row["lease_id"]) == (JobStatus.SUCCEEDED, 1, None)
    assert correlation_id.get() is None
    assert b'kind="tests.run",outcome="succeeded"' in bench.metrics.prometheus_text()


async def test_a_second_message_about_the_same_job_finds_nothing_to_do(bench: Bench) -> None:
    seen: list[int] = []

    async def work(job: ClaimedJob) -> None:
        seen.append(job.attempts)

    job_id = await bench.enqueue()
    await asyncio.gather(*(bench.run(job_id, work) for _ in range(5)))
    await bench.run(job_id, work)
    assert seen == [1]


async def test_a_failed_job_is_tried_again_after_longer_and_longer_pauses(bench: Bench) -> None:
    job_id = await bench.enqueue()
    pauses: list[float] = []
    for attempt in range(1, 5):
        row = await bench.run(job_id, raising(ValueError("no")))
        assert (row["status"], row["attempts"], row["error"]) == (JobStatus.RETRYING, attempt, "ValueError: no")
        pause = row["run_at"] - bench.store.clock.now()
        pauses.append(pause / timedelta(seconds=2**attempt))
        assert await bench.run(job_id, nothing) == row, "it must not run before its hour"
        bench.store.clock.set(row["run_at"])
    # Jitter takes off up to a half.
    assert all(0.5 < share <= 1 for share in pauses)
    row = await bench.run(job_id, raising(ValueError("no")))
    assert (row["status"], row["attempts"], row["finished_at"]) == (JobStatus.DEAD, 5, bench.store.clock.now())


async def test_a_job_about_money_goes_on_for_three_days(bench: Bench) -> None:
    job_id = await bench.enqueue()
    row: dict[str, Any] = {}
    for _ in range(15):
        row = await bench.run(job_id, raising(PaymentsUnavailable()), retries=MONEY)
        assert row["run_at"] - bench.store.clock.now() <= timedelta(minutes=15)
        bench.store.clock.set(row["run_at"])
    assert (row["status"], row["attempts"]) == (JobStatus.RETRYING, 15)
    bench.store.clock.set(NOW + timedelta(hours=72))
    row = await bench.run(job_id, raising(PaymentsUnavailable()), retries=MONEY)
    assert row["status"] == JobStatus.DEAD


@pytest.mark.parametrize("refusal", [MailRefused("no such mailbox"), PaymentRefused("no"), AccountNotFound()])
async def test_what_is_refused_for_good_is_not_tried_again(bench: Bench, refusal: Exception) -> None:
    row = await bench.run(await bench.enqueue(), raising(refusal), retries=MONEY)
    assert (row["status"], row["attempts"]) == (JobStatus.DEAD, 1)
    assert row["error"].startswith(type(refusal).__name__)


async def test_an_open_breaker_postpones_without_counting(bench: Bench) -> None:
    job_id = await bench.enqueue()
    for _ in range(7):
        row = await bench.run(job_id, raising(CircuitOpen(retry_after=30)))
        assert (row["status"], row["attempts"], row["error"]) == (JobStatus.QUEUED, 0, None)
        assert row["run_at"] == bench.store.clock.now() + timedelta(seconds=30)
        bench.store.clock.advance(timedelta(seconds=30))
    assert (await bench.run(job_id, nothing))["status"] == JobStatus.SUCCEEDED


async def test_a_job_that_takes_too_long_is_stopped_and_tried_again(bench: Bench) -> None:
    ended = asyncio.Event()

    async def work(_job: ClaimedJob) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    row = await bench.run(await bench.enqueue(), work, time_limit_seconds=0.01)
    assert ended.is_set()
    assert (row["status"], row["attempts"], row["error"]) == (JobStatus.RETRYING, 1, "TimeoutError: time limit")


async def test_a_job_that_fails_while_it_is_stopped_was_too_slow(bench: Bench) -> None:
    async def work(_job: ClaimedJob) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("on the way out")

    row = await bench.run(await bench.enqueue(), work, time_limit_seconds=0.01)
    assert (row["status"], row["error"]) == (JobStatus.RETRYING, "TimeoutError: time limit")


async def test_an_unknown_kind_is_buried_with_its_reason(bench: Bench) -> None:
    row = await bench.run(await bench.enqueue("tests.unheard_of"), nothing)
    assert row["status"] == JobStatus.DEAD
    assert "tests.unheard_of" in row["error"]


async def test_a_message_of_another_version_is_buried_with_its_reason(bench: Bench) -> None:
    job_id = await bench.enqueue()
    await bench.runner(raising(AssertionError("must not run"))).run(job_id, MESSAGE_VERSION + 1)
    row = await bench.row(job_id)
    assert row["status"] == JobStatus.DEAD
    assert f"version {MESSAGE_VERSION + 1}" in row["error"]


async def test_an_unknown_job_is_nothing_to_do(bench: Bench) -> None:
    await bench.runner(raising(AssertionError("must not run"))).run(identified("no job"), MESSAGE_VERSION)


async def test_a_cancelled_runner_hands_its_job_back_after_the_work_has_ended(bench: Bench) -> None:
    job_id = await bench.enqueue()
    started, left = asyncio.Event(), asyncio.Event()
    at_the_end: list[JobStatus] = []

    async def work(_job: ClaimedJob) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            # What is being written when the process is told to go is still written under the lease.
            at_the_end.append((await bench.row(job_id))["status"])
            left.set()

    running = asyncio.create_task(bench.runner(work).run(job_id, MESSAGE_VERSION))
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert left.is_set()
    assert at_the_end == [JobStatus.RUNNING]
    row = await bench.row(job_id)
    assert (row["status"], row["attempts"], row["run_at"]) == (JobStatus.QUEUED, 0, NOW)
    assert (await bench.run(job_id, nothing))["status"] == JobStatus.SUCCEEDED


async def test_work_that_was_cancelled_from_within_has_failed(bench: Bench) -> None:
    row = await bench.run(await bench.enqueue(), raising(asyncio.CancelledError()))
    assert (row["status"], row["attempts"]) == (JobStatus.RETRYING, 1)
    assert row["error"].startswith("CancelledError")


async def test_who_lost_his_lease_stops_and_writes_nothing(bench: Bench) -> None:
    job_id = await bench.enqueue()
    stopped = asyncio.Event()
    taken_over: list[ClaimedJob] = []

    async def work(_job: ClaimedJob) -> None:
        try:
            # Whoever takes over is not stopped together with who lost the job.
            taking_over = asyncio.create_task(bench.take_over(job_id))
            taking_over.add_done_callback(lambda task: taken_over.append(task.result()))
            await asyncio.shield(taking_over)
            await asyncio.Event().wait()
        finally:
            stopped.set()

    await bench.run(job_id, work)
    await until(lambda: taken_over != [])
    row = await bench.row(job_id)
    assert stopped.is_set()
    assert (row["status"], row["lease_id"]) == (JobStatus.RUNNING, taken_over[0].lease_id)
    assert row["attempts"] == 2


async def test_a_lease_lasts_as_long_as_the_work(bench: Bench) -> None:
    job_id = await bench.enqueue()
    renewed = asyncio.Event()

    async def work(_job: ClaimedJob) -> None:
        until = (await bench.row(job_id))["lease_until"]
        bench.store.clock.advance(timedelta(seconds=LEASE_SECONDS - 1))
        while (await bench.row(job_id))["lease_until"] == until:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0)
        renewed.set()

    async with asyncio.timeout(60):
        row = await bench.run(job_id, work)
    assert renewed.is_set()
    assert row["status"] == JobStatus.SUCCEEDED


async def test_work_stops_when_its_lease_can_no_longer_be_renewed(bench: Bench) -> None:
    """Otherwise it would go on beside whoever takes over."""
    job_id = await bench.enqueue()
    stopped = asyncio.Event()

    async def work(_job: ClaimedJob) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    bench.records = AwayRecords(bench.store.database, clock=bench.store.clock, ids=bench.store.ids)
    row = await bench.run(job_id, work, lease_seconds=0.1)
    assert stopped.is_set()
    assert row["status"] == JobStatus.RUNNING


async def test_a_database_that_is_away_for_a_moment_does_not_stop_the_work(bench: Bench) -> None:
    job_id = await bench.enqueue()

    class AwayForAMoment(SqlJobRecords):
        failures = 3

        async def renew(self, job: ClaimedJob, *, progress: float | None = None) -> Lease:
            if self.failures:
                self.failures -= 1
                raise DatabaseUnavailable
            return await super().renew(job, progress=progress)

    records = AwayForAMoment(bench.store.database, clock=bench.store.clock, ids=bench.store.ids)

    async def work(_job: ClaimedJob) -> None:
        while records.failures:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.001)

    bench.records = records
    assert (await bench.run(job_id, work))["status"] == JobStatus.SUCCEEDED


async def test_a_job_that_kills_its_workers_is_given_up_with_the_reason(bench: Bench) -> None:
    job_id = await bench.enqueue()
    assert await bench.records.claim(job_id) is not None
    await bench.take_over(job_id)
    await bench.take_over(job_id)
    with pytest.raises(AssertionError):
        await bench.take_over(job_id)
    row = await bench.row(job_id)
    assert (row["status"], row["attempts"], row["crashes"]) == (JobStatus.DEAD, 3, 3)
    assert row["error"] == "its worker died 3 times in a row while it ran"
    assert row["finished_at"] == bench.store.clock.now()


async def test_crashes_with_an_ordinary_end_between_them_are_not_in_a_row(bench: Bench) -> None:
    job_id = await bench.enqueue()
    assert await bench.records.claim(job_id) is not None
    await bench.records.retry(await bench.take_over(job_id), error="no", run_at=bench.store.clock.now())
    assert await bench.records.claim(job_id) is not None
    await bench.take_over(job_id)
    assert (await bench.row(job_id))["status"] == JobStatus.RUNNING


async def test_a_payload_of_another_version_is_buried_with_its_reason(bench: Bench) -> None:
    job_id = await bench.enqueue()
    async with bench.store.database.begin() as connection:
        await connection.execute(update(jobs).values(payload_version=2))
    row = await bench.run(job_id, raising(AssertionError("must not run")))
    assert row["status"] == JobStatus.DEAD
    assert "tests.run of version 2" in row["error"]
    async with bench.store.database.begin() as connection:
        await connection.execute(update(jobs).values(status=JobStatus.QUEUED.value))
    assert (await bench.run(job_id, nothing, payload_versions=frozenset({1, 2})))["status"] == JobStatus.SUCCEEDED


async def test_a_zombie_writes_nothing(bench: Bench) -> None:
    """It slept through its lease; somebody else does the job now."""
    job_id = await bench.enqueue()

    async def work(_job: ClaimedJob) -> None:
        await bench.take_over(job_id)
        async with bench.store.unit_of_work() as uow:
            await uow.jobs.enqueue("tests.effect", {})

    row = await bench.run(job_id, work, renew_every_seconds=100)
    assert (row["status"], row["attempts"]) == (JobStatus.RUNNING, 2)
    assert {job["kind"] for job in await bench.store.rows(jobs)} == {"tests.run"}


async def test_an_effect_and_the_end_of_its_job_are_one(bench: Bench) -> None:
    job_id = await bench.enqueue()

    async def work(_job: ClaimedJob) -> None:
        async with bench.store.unit_of_work() as uow:
            await uow.jobs.enqueue("tests.effect", {})
            uow.jobs.finish_current()
        raise ValueError("the worker died before it could say so")

    row = await bench.run(job_id, work)
    assert (row["status"], row["error"], row["progress"]) == (JobStatus.SUCCEEDED, None, 1.0)
    await bench.run(job_id, raising(AssertionError("must not run")))
    assert len([job for job in await bench.store.rows(jobs) if job["kind"] == "tests.effect"]) == 1


async def test_an_effect_that_fails_leaves_its_job_to_be_tried_again(bench: Bench) -> None:
    job_id = await bench.enqueue()

    async def work(_job: ClaimedJob) -> None:
        async with bench.store.unit_of_work() as uow:
            uow.jobs.finish_current()
            await uow.jobs.enqueue("tests.effect", {})
            raise ValueError("no")

    row = await bench.run(job_id, work)
    assert (row["status"], row["error"]) == (JobStatus.RETRYING, "ValueError: no")


async def test_finishing_outside_a_job_means_nothing(bench: Bench) -> None:
    job_id = await bench.enqueue()
    async with bench.store.unit_of_work() as uow:
        uow.jobs.finish_current()
    assert (await bench.row(job_id))["status"] == JobStatus.QUEUED


async def test_progress_is_seen_while_the_job_runs(bench: Bench) -> None:
    job_id = await bench.enqueue()
    seen: list[float] = []

    async def work(_job: ClaimedJob) -> None:
        for share in (0.25, 0.5, 7):
            report_progress(share)
            expected = min(share, 1)
            while (await bench.row(job_id))["progress"] != expected:  # noqa: ASYNC110 - no event tells of it
                await asyncio.sleep(0)
            seen.append(expected)

    async with asyncio.timeout(60):
        await bench.run(job_id, work)
    assert seen == [0.25, 0.5, 1]


async def test_a_process_that_goes_away_hands_everything_back_and_begins_nothing(bench: Bench) -> None:
    running_id, waiting_id = await bench.enqueue(), await bench.enqueue()
    runner = bench.runner(for_ever)
    running = asyncio.create_task(runner.run(running_id, MESSAGE_VERSION))
    async with asyncio.timeout(60):
        while (await bench.row(running_id))["status"] != JobStatus.RUNNING:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.001)
        runner.hand_back_all()
        await running
    await runner.run(waiting_id, MESSAGE_VERSION)
    for job_id in (running_id, waiting_id):
        row = await bench.row(job_id)
        assert (row["status"], row["attempts"]) == (JobStatus.QUEUED, 0)


async def test_workers_together_keep_the_pace_of_a_provider(bench: Bench) -> None:
    starts: list[float] = []

    async def work(_job: ClaimedJob) -> None:
        starts.append(asyncio.get_running_loop().time())

    provider = Provider("email", per_second=20)
    job_ids = [await bench.enqueue() for _ in range(10)]
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(bench.run(job_id, work, provider=provider) for job_id in job_ids))
    assert len(starts) == 10
    # The tenth turn is nine pauses after the first, which is not before this began; a loop that is held up only delays.
    assert max(starts) - began > 9 / 20 - 0.02


async def test_a_turn_that_is_far_off_postpones_without_counting(bench: Bench) -> None:
    provider = Provider("email", per_second=0.001)
    first, second = await bench.enqueue(), await bench.enqueue()
    await bench.run(first, nothing, provider=provider)
    row = await bench.run(second, nothing, provider=provider)
    assert (row["status"], row["attempts"]) == (JobStatus.QUEUED, 0)
    assert row["run_at"] - bench.store.clock.now() == timedelta(seconds=60)


async def test_a_breaker_that_is_open_for_a_day_postpones_for_a_minute(bench: Bench) -> None:
    """It may be reset before."""
    row = await bench.run(await bench.enqueue(), raising(CircuitOpen(retry_after=86_400)))
    assert (row["status"], row["attempts"]) == (JobStatus.QUEUED, 0)
    assert row["run_at"] - bench.store.clock.now() == timedelta(seconds=60)


async def test_an_outcome_that_cannot_be_written_is_written_when_the_database_is_back(bench: Bench) -> None:
    class AwayForAMoment(SqlJobRecords):
        failures = 2

        async def succeed(self, job: ClaimedJob) -> bool:
            self.failures -= 1
            if self.failures >= 0:
                raise DatabaseUnavailable
            return await super().succeed(job)

    job_id = await bench.enqueue()
    bench.records = AwayForAMoment(bench.store.database, clock=bench.store.clock, ids=bench.store.ids)
    row = await bench.run(job_id, nothing)
    assert (row["status"], row["attempts"], row["crashes"]) == (JobStatus.SUCCEEDED, 1, 0)


async def test_work_that_is_done_when_its_process_goes_away_is_not_handed_back(bench: Bench) -> None:
    job_id = await bench.enqueue()
    runners: list[JobRunner] = []

    async def work(_job: ClaimedJob) -> None:
        runners[0].hand_back_all()

    runners.append(bench.runner(work))
    await runners[0].run(job_id, MESSAGE_VERSION)
    row = await bench.row(job_id)
    assert (row["status"], row["attempts"]) == (JobStatus.SUCCEEDED, 1)


async def cancelled_meanwhile(bench: Bench, job_id: UUID) -> None:
    async with bench.store.unit_of_work() as uow:
        job = await uow.jobs.get(JobId(job_id))
        job.cancel(by=None, at=bench.store.clock.now())
        await uow.jobs.save(job)


async def test_a_running_job_that_is_cancelled_stops_and_says_so(bench: Bench) -> None:
    job_id, stopped = await bench.enqueue(), asyncio.Event()

    async def work(_job: ClaimedJob) -> None:
        await cancelled_meanwhile(bench, job_id)
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    row = await bench.run(job_id, work)
    assert stopped.is_set()
    assert (row["status"], row["lease_id"], row["error"]) == (JobStatus.CANCELLED, None, "cancelled while it ran")
    assert row["finished_at"] == bench.store.clock.now()
    assert b'kind="tests.run",outcome="cancelled"' in bench.metrics.prometheus_text()


async def test_a_job_that_is_done_in_spite_of_it_has_succeeded(bench: Bench) -> None:
    job_id = await bench.enqueue()

    async def work(_job: ClaimedJob) -> None:
        await cancelled_meanwhile(bench, job_id)
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    assert (await bench.run(job_id, work))["status"] == JobStatus.SUCCEEDED


async def test_a_cancelled_job_that_fails_is_not_tried_again(bench: Bench) -> None:
    job_id = await bench.enqueue()

    async def work(_job: ClaimedJob) -> None:
        await cancelled_meanwhile(bench, job_id)
        raise PaymentsUnavailable

    row = await bench.run(job_id, work)
    assert (row["status"], row["attempts"]) == (JobStatus.CANCELLED, 1)


def test_a_running_job_notices_within_two_seconds_that_it_is_to_be_cancelled() -> None:
    assert RENEW_SECONDS <= 2
    assert RENEW_SECONDS < LEASE_SECONDS / 3


async def test_a_money_job_that_is_retried_after_its_time_has_its_time_again(bench: Bench) -> None:
    job_id = await bench.enqueue()
    bench.store.clock.advance(timedelta(hours=73))
    row = await bench.run(job_id, raising(PaymentsUnavailable()), retries=MONEY)
    assert row["status"] == JobStatus.DEAD

    async with bench.store.unit_of_work() as uow:
        job = await uow.jobs.get(JobId(job_id))
        job.retry(at=bench.store.clock.now())
        await uow.jobs.save(job)
    row = await bench.run(job_id, raising(PaymentsUnavailable()), retries=MONEY)
    assert (row["status"], row["attempts"]) == (JobStatus.RETRYING, 1)
    bench.store.clock.advance(timedelta(hours=73))
    assert (await bench.run(job_id, raising(PaymentsUnavailable()), retries=MONEY))["status"] == JobStatus.DEAD
