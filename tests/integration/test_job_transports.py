"""From the relay's hands into a worker's: Dramatiq over a real Redis, and inside this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from dramatiq import Worker
from redis import Redis

from application.ports.job_records import ClaimedJob
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.job_queue import dramatiq_job_queue
from infrastructure.job_queue.dramatiq_job_queue import DramatiqJobTransport, redis_broker
from infrastructure.job_queue.in_process_job_queue import InProcessJobTransport
from infrastructure.job_queue.job_transport import DueJob, JobTransport, TransportUnavailable
from infrastructure.job_queue.outbox_relay import LOST_AFTER, OutboxRelay
from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from infrastructure.pace.in_memory_pace import InMemoryPace
from infrastructure.persistence.jobs.job_tables import QUEUES, JobStatus, jobs
from infrastructure.persistence.jobs.sql_job_records import SqlJobRecords
from interfaces.bootstrap.worker_runtime import SharedEventLoop
from interfaces.worker.actors import declare_actors
from interfaces.worker.event_routes import route_event
from interfaces.worker.job_runner import MESSAGE_VERSION, JobKind, JobRunner
from tests.support.polling import until
from tests.support.servers import RedisProcess
from tests.support.stores import Store

RunJob = Callable[[UUID, int], Awaitable[None]]


# The product's own, and one that a busy machine keeps.
OWN_SECONDS, PATIENT_SECONDS = dramatiq_job_queue.SOCKET_TIMEOUT_SECONDS, 30.0


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setattr(dramatiq_job_queue, "SOCKET_TIMEOUT_SECONDS", PATIENT_SECONDS)


@dataclass(slots=True)
class Runs:
    """What a worker was asked to run."""

    seen: list[tuple[UUID, int]] = field(default_factory=list[tuple[UUID, int]])

    async def run(self, job_id: UUID, version: int) -> None:
        self.seen.append((job_id, version))

    @property
    def ids(self) -> list[UUID]:
        return [job_id for job_id, _ in self.seen]


@asynccontextmanager
async def in_process(run_job: RunJob) -> AsyncIterator[JobTransport]:
    transport = InProcessJobTransport(threads=2)
    declare_actors(transport.broker, run_job)
    await transport.start()
    try:
        yield transport
    finally:
        await transport.stop()


@asynccontextmanager
async def over_redis(url: str, run_job: RunJob) -> AsyncIterator[JobTransport]:
    """A worker with threads and an event loop of its own, as in the worker process."""
    sender = redis_broker(url)
    try:
        async with worker(url, run_job):
            yield DramatiqJobTransport(sender)
    finally:
        sender.client.close()


@asynccontextmanager
async def worker(url: str, run_job: RunJob) -> AsyncIterator[None]:
    broker = redis_broker(url, middleware=[SharedEventLoop()])
    declare_actors(broker, run_job)
    made = Worker(broker, worker_threads=2, worker_timeout=100)
    await asyncio.to_thread(made.start)
    try:
        yield
    finally:
        await asyncio.to_thread(made.stop)
        broker.client.close()


@pytest.fixture(params=["in process", "over redis"])
async def transport(request: pytest.FixtureRequest, runs: Runs) -> AsyncIterator[JobTransport]:
    if request.param == "in process":
        made = in_process(runs.run)
    else:
        made = over_redis(request.getfixturevalue("redis_process").url, runs.run)
    async with made as started:
        yield started


@pytest.fixture
def runs() -> Runs:
    return Runs()


async def test_a_job_of_every_queue_reaches_a_worker(transport: JobTransport, runs: Runs) -> None:
    due = [DueJob(uuid4(), queue) for queue in QUEUES for _ in range(5)]
    await transport.send(due)
    await until(lambda: len(runs.seen) >= len(due))
    assert sorted(runs.ids) == sorted(job.id for job in due)
    assert {version for _, version in runs.seen} == {MESSAGE_VERSION}


async def test_nothing_to_send_is_no_trouble(transport: JobTransport, runs: Runs) -> None:
    await transport.send([])
    last = DueJob(uuid4(), "default")
    await transport.send([last])
    await until(lambda: runs.seen != [])
    assert runs.ids == [last.id]


async def test_failing_jobs_leave_the_worker_to_others(redis_process: RedisProcess) -> None:
    for shape in (in_process, lambda run_job: over_redis(redis_process.url, run_job)):
        seen: list[UUID] = []

        async def fail(job_id: UUID, _version: int, seen: list[UUID] = seen) -> None:
            seen.append(job_id)
            raise ConnectionError("the database is away")

        async with shape(fail) as transport:
            due = [DueJob(uuid4(), "mail") for _ in range(6)]
            await transport.send(due)
            await until(lambda seen=seen: len(seen) >= 6)
        # Never again by Dramatiq: tries are counted in the job's record.
        assert sorted(seen) == sorted(job.id for job in due)


async def test_a_job_runs_on_the_loop_that_started_the_in_process_worker() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def note(_job_id: UUID, _version: int) -> None:
        loops.append(asyncio.get_running_loop())

    async with in_process(note) as transport:
        await transport.send([DueJob(uuid4(), "default")])
        await until(lambda: loops != [])
    assert loops == [asyncio.get_running_loop()]


async def test_stopping_lets_a_running_job_end() -> None:
    started, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work(_job_id: UUID, _version: int) -> None:
        started.set()
        await may_end.wait()
        ended.set()

    transport = InProcessJobTransport(threads=1)
    declare_actors(transport.broker, work)
    await transport.start()
    await transport.send([DueJob(uuid4(), "default")])
    await started.wait()
    stopping = asyncio.create_task(transport.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    may_end.set()
    await stopping
    assert ended.is_set()


async def test_a_transport_that_was_never_started_may_be_stopped() -> None:
    transport = InProcessJobTransport()
    await transport.stop()
    await transport.stop()


async def test_a_stopped_transport_may_be_started_again(runs: Runs) -> None:
    """A second application in the same process finds Dramatiq's loop free."""
    for count in (1, 2):
        async with in_process(runs.run) as transport:
            await transport.send([DueJob(uuid4(), "default")])
            await until(lambda count=count: len(runs.seen) == count)


async def test_a_redis_that_is_gone_is_told_and_used_again_when_it_is_back(redis_process: RedisProcess) -> None:
    sender = redis_broker(redis_process.url)
    transport = DramatiqJobTransport(sender)
    job = DueJob(uuid4(), "default")
    redis_process.stop()
    with pytest.raises(TransportUnavailable):
        await transport.send([job])
    redis_process.start()
    await transport.send([job])
    runs = Runs()
    async with worker(redis_process.url, runs.run):
        await until(lambda: runs.ids == [job.id])
    sender.client.close()


async def test_a_redis_that_hangs_is_told_and_blocks_nobody(
    redis_process: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dramatiq_job_queue, "SOCKET_TIMEOUT_SECONDS", OWN_SECONDS)
    sender = redis_broker(redis_process.url)
    transport = DramatiqJobTransport(sender)
    redis_process.pause()
    sending, turns = asyncio.create_task(transport.send([DueJob(uuid4(), "default")])), 0
    while not sending.done():
        turns += 1
        await asyncio.sleep(0)
    with pytest.raises(TransportUnavailable):
        await sending
    redis_process.resume()
    assert turns > 3, "the loop went on while Redis hung"
    sender.client.close()


async def test_a_redis_that_lost_everything_loses_no_job(sqlite_store: Store, redis_process: RedisProcess) -> None:
    store = sqlite_store
    async with store.unit_of_work() as uow:
        job_id = await uow.jobs.enqueue("tests.run", {})
    sender = redis_broker(redis_process.url)
    relay = OutboxRelay(store.database, DramatiqJobTransport(sender), route_event, clock=store.clock, ids=Uuid7Ids())
    assert await relay.pump() == 1
    with Redis.from_url(redis_process.url) as client:
        assert client.dbsize() != 0
        client.flushall()
    runs = Runs()
    async with worker(redis_process.url, runs.run):
        store.clock.advance(LOST_AFTER + timedelta(seconds=1))
        assert await relay.pump() == 1
        await until(lambda: runs.ids == [job_id])
    sender.client.close()


async def test_what_a_redis_lost_is_sent_again_with_the_next_job(
    sqlite_store: Store, redis_process: RedisProcess
) -> None:
    store, sender = sqlite_store, redis_broker(redis_process.url)
    relay = OutboxRelay(store.database, DramatiqJobTransport(sender), route_event, clock=store.clock, ids=Uuid7Ids())
    wanted = list[UUID | None]()
    for moved in (1, 2):
        async with store.unit_of_work() as uow:
            wanted.append(await uow.jobs.enqueue("tests.run", {}))
        assert await relay.pump() == moved
        if moved == 1:
            redis_process.flush()
    runs = Runs()
    async with worker(redis_process.url, runs.run):
        await until(lambda: len(runs.ids) == 2)
    assert set(runs.ids) == set(wanted)
    assert await relay.pump() == 0
    sender.client.close()


async def test_that_redis_lost_everything_is_told_until_it_was_acted_on(redis_process: RedisProcess) -> None:
    sender = redis_broker(redis_process.url)
    transport = DramatiqJobTransport(sender)
    for _ in range(2):
        redis_process.flush()
        for _ in range(2):
            await transport.backlog()
            assert transport.has_forgotten()
        await transport.remember()
        await transport.backlog()
        assert not transport.has_forgotten()
    sender.client.close()


async def test_from_the_commit_to_the_record_of_success(store: Store) -> None:
    """Unit of work, relay, transport and runner as the container puts them together."""
    ran: list[UUID] = []

    async def work(job: ClaimedJob) -> None:
        ran.append(job.id)

    records = SqlJobRecords(store.database, clock=store.clock, ids=store.ids)
    kinds = {"tests.run": JobKind(run=work)}
    runner = JobRunner(records, kinds, clock=store.clock, metrics=InMemoryMetrics(), pace=InMemoryPace())
    async with in_process(runner.run) as transport:
        relay = OutboxRelay(store.database, transport, route_event, clock=store.clock, ids=Uuid7Ids())
        relaying = asyncio.create_task(relay.run())
        async with store.unit_of_work() as uow:
            wanted = [await uow.jobs.enqueue("tests.run", {}) for _ in range(25)]
        relay.wake()
        await until(lambda: len(ran) == len(wanted))
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)
    assert sorted(ran) == sorted(job_id for job_id in wanted if job_id is not None)
    assert {row["status"] for row in await store.rows(jobs)} == {JobStatus.SUCCEEDED}
