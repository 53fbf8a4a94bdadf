"""What jobs cost: a record more in a transaction, the way from the commit to the worker, no-op jobs a second.

Starts a PostgreSQL and a Redis. Pairs of measurements take turns, so that both see the same machine.

Usage: `python -m benchmarks.jobs`.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from application.ports.job_queue import JobPayload
from infrastructure.clock.system_clock import SystemClock
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.job_queue.dramatiq_job_queue import DramatiqJobTransport, redis_broker
from infrastructure.job_queue.outbox_relay import OutboxRelay
from infrastructure.persistence.database import Database, database_url
from infrastructure.persistence.jobs.job_tables import JobStatus, jobs
from infrastructure.persistence.migrations import migrate
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWork, SqlUnitOfWorkFactory
from infrastructure.redis.redis_client import redis_address
from interfaces.worker.event_routes import route_event
from tests.support.databases import create_database
from tests.support.effects_worker import NOTHING, create_effects, effects
from tests.support.servers import PostgresProcess, RedisProcess, postgres_binaries, redis_binary

ROUNDS = 400
JOBS = 10_000
LATENCIES = 100
THREADS = 64
PRODUCER_BATCH = 500


def main() -> None:
    postgres, redis = PostgresProcess(postgres_binaries()), RedisProcess(redis_binary())
    try:
        url = create_database(postgres.start(), "jobs_benchmark")
        asyncio.run(_measure(url, redis.start()))
    finally:
        redis.stop()
        postgres.stop()


async def _measure(url: str, redis_url: str) -> None:
    await migrate(database_url(url, Path()))
    await create_effects(url)
    async with _store(url) as (database, unit_of_work):
        await _enqueueing(unit_of_work)
        with _workers(1, url, redis_url):
            await _latency("by a process without a relay", database, unit_of_work)
            async with _with_relay(database, redis_url) as relayed:
                await _latency("by one with its own", database, relayed)
        ours = [await _throughput(database, unit_of_work, count, url, redis_url) for count in (1, 2)]
    bare = _bare_dramatiq(redis_url)
    print(f"no-op jobs, bare Dramatiq, one worker process    {bare:8.0f} a second")
    for count, rate in enumerate(ours, start=1):
        share = rate / bare
        print(f"no-op jobs, recorded and claimed, {count} process(es)  {rate:8.0f} a second = {share:.2f} × bare")


async def _enqueueing(unit_of_work: SqlUnitOfWorkFactory) -> None:
    async def write(*, with_job: bool) -> None:
        async with unit_of_work() as uow:
            assert isinstance(uow, SqlUnitOfWork)
            await uow.transaction.execute(effects.insert().values(job_id=Uuid7Ids().new()))
            if with_job:
                await uow.jobs.enqueue(NOTHING, {}, run_at=None, unique_key=None)

    plain, enqueueing = list[float](), list[float]()
    for _ in range(ROUNDS):
        plain.append(await _milliseconds(lambda: write(with_job=False)))
        enqueueing.append(await _milliseconds(lambda: write(with_job=True)))
    for name, percentile in (("p50", 50), ("p95", 95)):
        before, after = _percentile(plain, percentile), _percentile(enqueueing, percentile)
        print(f"a write, and with a job enqueued, {name}    {before:.2f} ms, {after:.2f} ms: {after - before:+.2f} ms")


async def _latency(committed_by: str, database: Database, unit_of_work: SqlUnitOfWorkFactory) -> None:
    """From the commit to the claim, one job at a time, the system idle between them."""
    await _all_done(database)
    waits = list[float]()
    for _ in range(LATENCIES):
        job_id = await _enqueue(unit_of_work, 1)
        committed = time.time()
        await _all_done(database)
        async with database.read() as connection:
            started = await connection.scalar(select(jobs.c.started_at).where(jobs.c.id == job_id))
        assert started is not None
        waits.append(max(0.0, started.timestamp() - committed) * 1000)
        await asyncio.sleep(0.05)
    p50, p95 = _percentile(waits, 50), _percentile(waits, 95)
    print(f"commit {committed_by}, to start when idle: p50 {p50:.1f} ms, p95 {p95:.1f} ms")


async def _throughput(
    database: Database, unit_of_work: SqlUnitOfWorkFactory, processes: int, url: str, redis_url: str
) -> float:
    """From the start of the workers' work on a full outbox to the last record of success."""
    for _ in range(JOBS // PRODUCER_BATCH):
        await _enqueue(unit_of_work, PRODUCER_BATCH)
    with _workers(processes, url, redis_url):
        while await _count(database, JobStatus.SUCCEEDED) == 0:  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.01)
        done, started = await _count(database, JobStatus.SUCCEEDED), time.perf_counter()
        while (left := await _waiting(database)) > 0:  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.02 if left < 500 else 0.2)
        seconds = time.perf_counter() - started
    async with database.begin() as connection:
        await connection.execute(jobs.delete())
    return (JOBS - done) / seconds


def _bare_dramatiq(redis_url: str) -> float:
    """The same number of messages to an asynchronous actor that does nothing, as the library comes."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bare_dramatiq", redis_url, str(JOBS), str(THREADS)],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


async def _enqueue(unit_of_work: SqlUnitOfWorkFactory, count: int) -> UUID | None:
    payload: JobPayload = {}
    job_id = None
    async with unit_of_work() as uow:
        for _ in range(count):
            job_id = await uow.jobs.enqueue(NOTHING, payload)
    return job_id


async def _all_done(database: Database) -> None:
    while await _waiting(database):  # noqa: ASYNC110 - another process does it
        await asyncio.sleep(0.005)


async def _waiting(database: Database) -> int:
    return await _count(database, JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.RETRYING)


async def _count(database: Database, *statuses: JobStatus) -> int:
    names = [status.value for status in statuses]
    async with database.read() as connection:
        found: Any = await connection.scalar(select(func.count()).where(jobs.c.status.in_(names)))
    return int(found)


@asynccontextmanager
async def _store(url: str) -> AsyncIterator[tuple[Database, SqlUnitOfWorkFactory]]:
    database = Database(database_url(url, Path()))
    yield database, _units_of_work(database, wake_relay=lambda: None)
    await database.dispose()


@asynccontextmanager
async def _with_relay(database: Database, redis_url: str) -> AsyncIterator[SqlUnitOfWorkFactory]:
    """As a process of the product commits: its own relay is woken."""
    broker = redis_broker(redis_address(redis_url, None))
    relay = OutboxRelay(database, DramatiqJobTransport(broker), route_event, clock=SystemClock(), ids=Uuid7Ids())
    running = asyncio.create_task(relay.run())
    try:
        yield _units_of_work(database, wake_relay=relay.wake)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        broker.close()


def _units_of_work(database: Database, *, wake_relay: Callable[[], None]) -> SqlUnitOfWorkFactory:
    async def nothing(_tags: object) -> None: ...

    return SqlUnitOfWorkFactory(
        database, clock=SystemClock(), ids=Uuid7Ids(), invalidate=nothing, wake_relay=wake_relay
    )


@contextmanager
def _workers(count: int, url: str, redis_url: str) -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "DATABASE_URL": url,
            "REDIS_URL": redis_url,
            "DATA_DIR": folder,
            "LOG_LEVEL": "WARNING",
        }
        # The lane of the queue that is measured has half of them.
        command = [sys.executable, "-m", "tests.support.effects_worker", str(2 * THREADS)]
        processes = [subprocess.Popen(command, env=environment) for _ in range(count)]
        try:
            yield
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(60)


async def _milliseconds(call: Callable[[], Awaitable[None]]) -> float:
    start = time.perf_counter()
    await call()
    return (time.perf_counter() - start) * 1000


def _percentile(values: list[float], percentile: int) -> float:
    return statistics.quantiles(values, n=100)[percentile - 1]


if __name__ == "__main__":
    main()
