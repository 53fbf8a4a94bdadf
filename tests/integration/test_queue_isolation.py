"""Thousands of mails that wait, and one job about money."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from infrastructure.clock.system_clock import SystemClock
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.job_queue import dramatiq_job_queue
from infrastructure.job_queue.dramatiq_job_queue import DramatiqJobTransport, redis_broker
from infrastructure.job_queue.lanes import Lanes, lane_threads
from infrastructure.job_queue.outbox_relay import BATCH, MOST_WAITING, OutboxRelay
from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from infrastructure.pace.in_memory_pace import InMemoryPace
from infrastructure.persistence.jobs.job_tables import JobStatus, jobs
from infrastructure.persistence.jobs.sql_job_records import SqlJobRecords
from interfaces.bootstrap.worker_runtime import SharedEventLoop
from interfaces.worker.actors import declare_actors
from interfaces.worker.event_routes import route_event
from interfaces.worker.job_runner import JobKind, JobRunner
from tests.support.polling import until
from tests.support.servers import RedisProcess
from tests.support.stores import Store

MAILS = 50_000
JOBS = 5
SLOW_MAIL_SECONDS = 2.0


def test_each_queue_has_threads_to_itself() -> None:
    assert lane_threads((), 32) == {"money": 8, "mail": 16, "default": 16, "reports": 4}
    assert lane_threads(("mail", "money"), 1) == {"money": 1, "mail": 1}
    with pytest.raises(ValueError, match="there is no queue post"):
        lane_threads(("post",), 8)


@dataclass
class Shop:
    """A relay and a worker over a store; mails take long, money takes none."""

    store: Store
    broker: Any
    paid: dict[UUID, float] = field(default_factory=dict[UUID, float])
    mails_begun: int = 0

    def runner(self) -> JobRunner:
        async def send(_job: object) -> None:
            self.mails_begun += 1
            await asyncio.sleep(SLOW_MAIL_SECONDS)

        async def pay(job: Any) -> None:
            self.paid[job.id] = asyncio.get_running_loop().time()

        kinds = {"tests.mail": JobKind(run=send), "tests.money": JobKind(run=pay)}
        records = SqlJobRecords(self.store.database, clock=SystemClock(), ids=Uuid7Ids())
        return JobRunner(records, kinds, clock=SystemClock(), metrics=InMemoryMetrics(), pace=InMemoryPace())


async def test_fifty_thousand_waiting_mails_do_not_delay_a_job_about_money(
    postgres_store: Store, redis_process: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine must not look like a lost Redis.
    monkeypatch.setattr(dramatiq_job_queue, "SOCKET_TIMEOUT_SECONDS", 30)
    await _fifty_thousand_mails(postgres_store)
    async with _at_work(postgres_store, redis_process) as (shop, relay):
        await until(lambda: shop.mails_begun >= 4)
        waits = list[float]()
        for _ in range(JOBS):
            async with postgres_store.unit_of_work() as uow:
                job_id = await uow.jobs.enqueue("tests.money", {}, queue="money")
            relay.wake()
            committed = asyncio.get_running_loop().time()
            assert job_id is not None
            await until(lambda job_id=job_id: job_id in shop.paid)
            waits.append(shop.paid[job_id] - committed)
        backlog = shop.broker.backlog()
    # The bound of the product's rules. The machine may stand still in one or two of them.
    assert sorted(waits)[JOBS // 2] < 1, waits
    assert backlog["mail"] <= MOST_WAITING + BATCH


async def _fifty_thousand_mails(store: Store) -> None:
    now = SystemClock().now()
    ids = Uuid7Ids()
    rows = [
        {
            "id": ids.new(),
            "kind": "tests.mail",
            "payload": {},
            "queue": "mail",
            "status": JobStatus.QUEUED.value,
            "attempts": 0,
            "created_at": now,
            "run_at": now,
        }
        for _ in range(MAILS)
    ]
    async with store.database.begin() as connection:
        await connection.execute(jobs.insert(), rows)
        assert (await connection.execute(select(func.count()).select_from(jobs))).scalar_one() == MAILS


@asynccontextmanager
async def _at_work(store: Store, redis: RedisProcess) -> AsyncIterator[tuple[Shop, OutboxRelay]]:
    broker, sender = redis_broker(redis.url, middleware=[SharedEventLoop()]), redis_broker(redis.url)
    shop = Shop(store, broker)
    main_loop, runner = asyncio.get_running_loop(), shop.runner()

    async def run(job_id: UUID, version: int) -> None:
        # The store belongs to the loop of the test.
        done = asyncio.run_coroutine_threadsafe(runner.run(job_id, version), main_loop)
        await asyncio.wrap_future(done)

    declare_actors(broker, run)
    relay = OutboxRelay(store.database, DramatiqJobTransport(sender), route_event, clock=SystemClock(), ids=Uuid7Ids())
    lanes = Lanes(broker, lane_threads(("money", "mail"), 8))
    await asyncio.to_thread(lanes.start)
    relaying = asyncio.create_task(relay.run())
    try:
        yield shop, relay
    finally:
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)
        await asyncio.to_thread(lanes.stop, 20)
        broker.client.close()
        sender.client.close()
