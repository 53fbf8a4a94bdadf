"""What becomes of jobs while their workers are killed and Redis is killed, frozen and emptied.

Starts a PostgreSQL and a Redis of its own. Each job leaves one effect, in the transaction that finishes it; some take
seconds, so that kills meet them at work. Ends with 1 when a job was lost, an effect doubled or an orphan left alone.

Usage: `python -m benchmarks.soak_jobs [seed]`.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from benchmarks.soak_report import Report, report
from infrastructure.clock.system_clock import SystemClock
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.persistence.database import Database, database_url
from infrastructure.persistence.jobs.job_tables import QUEUES, JobStatus, jobs
from infrastructure.persistence.migrations import migrate
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWorkFactory
from tests.support.claim_log import create_claim_log
from tests.support.databases import create_database
from tests.support.effects_worker import EFFECT, SLOW_EFFECT, create_effects
from tests.support.servers import PostgresProcess, RedisProcess, postgres_binaries, redis_binary
from tests.support.worker_crew import WorkerCrew

TICK_SECONDS = 0.25
_UNFINISHED = [JobStatus.QUEUED.value, JobStatus.RETRYING.value, JobStatus.RUNNING.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many jobs in how many seconds, and what happens meanwhile. The seed decides who is killed when."""

    jobs: int = 20_000
    slow_share: float = 0.05
    workers: int = 3
    seconds: float = 420.0
    kills: int = 50
    redis_away_seconds: float = 3.0
    redis_frozen_seconds: float = 30.0
    patience_seconds: float = 150.0
    seed: int = 2027


@dataclass(slots=True)
class Storm:
    """What befalls workers and Redis, in its order, and when Redis was of no use."""

    plan: Plan
    crew: WorkerCrew
    redis: RedisProcess
    away: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    _since: float = 0.0

    async def rage(self) -> None:
        started = time.monotonic()
        for at, happen in self._events():
            await asyncio.sleep(max(0.0, at - (time.monotonic() - started)))
            await asyncio.to_thread(happen)

    def _events(self) -> list[tuple[float, Callable[[], None]]]:
        plan, chance = self.plan, random.Random(self.plan.seed)
        step = plan.seconds / plan.kills
        events: list[tuple[float, Callable[[], None]]] = [
            (step * (at + chance.random()), lambda: self.crew.kill_one(chance)) for at in range(plan.kills)
        ]
        killed, frozen, emptied = (plan.seconds * share for share in (0.15, 0.35, 0.7))
        events += [
            (killed, lambda: self._goes(self.redis.stop)),
            (killed + plan.redis_away_seconds, lambda: self._comes(self.redis.start)),
            (frozen, lambda: self._goes(self.redis.pause)),
            (frozen + plan.redis_frozen_seconds, lambda: self._comes(self.redis.resume)),
            (emptied, lambda: self._goes(self.redis.flush)),
            (emptied, lambda: self._comes(lambda: None)),
        ]
        return sorted(events, key=lambda event: event[0])

    def _goes(self, happen: Callable[[], object]) -> None:
        self._since = time.time()
        happen()

    def _comes(self, happen: Callable[[], object]) -> None:
        happen()
        self.away.append((self._since, time.time()))


async def soak(plan: Plan, url: str, redis: RedisProcess, folder: Path) -> Report:
    """Runs the plan over a migrated database and a Redis that nobody else uses, and says how it went."""
    await create_effects(url)
    await create_claim_log(url)
    async with AsyncExitStack() as stack:
        database = Database(database_url(url, Path()))
        stack.push_async_callback(database.dispose)
        crew = WorkerCrew(url, redis.url, folder)
        stack.push_async_callback(asyncio.to_thread, crew.stop)
        await asyncio.gather(*(asyncio.to_thread(crew.start_one) for _ in range(plan.workers)))
        storm = Storm(plan, crew, redis)
        started = time.monotonic()
        committed, _ = await asyncio.gather(_enqueue(plan, database), storm.rage())
        is_settled = await _settle(database, plan.patience_seconds)
        seconds = time.monotonic() - started
        return await report(
            url, committed=committed, killed=crew.killed, away=storm.away, is_settled=is_settled, seconds=seconds
        )


async def _enqueue(plan: Plan, database: Database) -> list[UUID]:
    """Evenly over the time, a transaction for each moment; what is returned was committed."""

    async def nothing(_tags: object) -> None: ...

    unit_of_work = SqlUnitOfWorkFactory(
        database, clock=SystemClock(), ids=Uuid7Ids(), invalidate=nothing, wake_relay=lambda: None
    )
    chance, committed, started = random.Random(plan.seed + 1), list[UUID](), time.monotonic()
    while len(committed) < plan.jobs:
        share = min(1.0, (time.monotonic() - started + TICK_SECONDS) / plan.seconds)
        batch = list[UUID]()
        async with unit_of_work() as uow:
            for _ in range(round(plan.jobs * share) - len(committed)):
                kind = SLOW_EFFECT if chance.random() < plan.slow_share else EFFECT
                job_id = await uow.jobs.enqueue(kind, {}, queue=chance.choice(QUEUES))
                assert job_id is not None
                batch.append(job_id)
        committed += batch
        await asyncio.sleep(TICK_SECONDS)
    return committed


async def _settle(database: Database, patience_seconds: float) -> bool:
    """Whether everything ended in time."""
    deadline = time.monotonic() + patience_seconds
    while await _unfinished(database):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.5)
    return True


async def _unfinished(database: Database) -> bool:
    statement = select(jobs.c.id).where(jobs.c.status.in_(_UNFINISHED)).limit(1)
    async with database.read() as connection:
        return (await connection.execute(statement)).first() is not None


async def _soak_alone(plan: Plan) -> Report:
    with ExitStack() as servers, tempfile.TemporaryDirectory() as folder:
        postgres, redis = PostgresProcess(postgres_binaries()), RedisProcess(redis_binary())
        servers.callback(postgres.stop)
        servers.callback(redis.stop)
        url = create_database(postgres.start(), "soak")
        redis.start()
        await migrate(database_url(url, Path()))
        return await soak(plan, url, redis, Path(folder))


def main() -> None:
    plan = Plan(seed=int(sys.argv[1])) if len(sys.argv) > 1 else Plan()
    found = asyncio.run(_soak_alone(plan))
    print(f"{plan.jobs} jobs, {plan.workers} workers, {plan.seconds:.0f} s, {plan.kills} × kill -9, seed {plan.seed}")
    print(found.table())
    sys.exit(0 if found.holds else 1)


if __name__ == "__main__":
    main()
