"""A worker that is told to end lets jobs run for a while, and hands back what is left."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from infrastructure.clock.system_clock import SystemClock
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.persistence.database import Database, database_url
from infrastructure.persistence.jobs.job_tables import JobStatus, jobs
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWorkFactory
from tests.support.databases import create_database, drop_database
from tests.support.effects_worker import SLOW_EFFECT, create_effects, effects
from tests.support.polling import until_awaited
from tests.support.servers import RedisProcess

# Far more than the drain and the goodbye take.
END_SECONDS = 120


@dataclass
class Works:
    """A database, and a worker of it that is told when to end."""

    database: Database
    process: subprocess.Popen[bytes]

    async def enqueue(self) -> UUID:
        async def nothing(_tags: object) -> None: ...

        unit_of_work = SqlUnitOfWorkFactory(
            self.database, clock=SystemClock(), ids=Uuid7Ids(), invalidate=nothing, wake_relay=lambda: None
        )
        async with unit_of_work() as uow:
            job_id = await uow.jobs.enqueue(SLOW_EFFECT, {})
        assert job_id is not None
        return job_id

    async def row(self, job_id: UUID) -> Any:
        async with self.database.read() as connection:
            return (await connection.execute(select(jobs).where(jobs.c.id == job_id))).one()

    async def effects(self) -> int:
        async with self.database.read() as connection:
            return (await connection.execute(select(func.count()).select_from(effects))).scalar_one()

    async def running(self, job_id: UUID) -> None:
        async def runs() -> bool:
            return (await self.row(job_id)).status == JobStatus.RUNNING

        await until_awaited(runs, seconds=END_SECONDS)

    def end(self) -> None:
        self.process.terminate()
        assert self.process.wait(END_SECONDS) == 0


StartWorks = Callable[[int], Awaitable[Works]]


@pytest.fixture
async def start(
    tmp_path: Path, postgres_server: str, postgres_template: str, redis_process: RedisProcess
) -> AsyncIterator[StartWorks]:
    async with _places(tmp_path, postgres_server, postgres_template, redis_process.url) as start_works:
        yield start_works


@asynccontextmanager
async def _places(folder: Path, server: str, template: str, redis_url: str) -> AsyncIterator[StartWorks]:
    name = f"drain_{uuid4().hex[:8]}"
    url = create_database(server, name, template=template)
    database, processes = Database(database_url(url, folder)), list[subprocess.Popen[bytes]]()

    async def start_works(drain_seconds: int) -> Works:
        await create_effects(url)
        inherited = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        environment = {"DATABASE_URL": url, "REDIS_URL": redis_url, "DATA_DIR": str(folder)}
        environment["DRAIN_SECONDS"] = str(drain_seconds)
        command = [sys.executable, "-m", "tests.support.effects_worker", "4"]
        processes.append(subprocess.Popen(command, env=inherited | environment))  # noqa: ASYNC220 - it takes no time
        return Works(database, processes[-1])

    try:
        yield start_works
    finally:
        for process in processes:
            process.kill()
            process.wait()
        await database.dispose()
        drop_database(server, name)


async def test_what_ends_in_time_ends_well(start: StartWorks) -> None:
    works = await start(20)
    job_id = await works.enqueue()
    await works.running(job_id)
    works.end()
    row = await works.row(job_id)
    assert (row.status, row.attempts) == (JobStatus.SUCCEEDED, 1)
    assert await works.effects() == 1


async def test_what_does_not_is_handed_back_without_losing_a_try(start: StartWorks) -> None:
    works = await start(0)
    job_id = await works.enqueue()
    await works.running(job_id)
    works.end()
    row = await works.row(job_id)
    assert (row.status, row.attempts, row.crashes, row.lease_id) == (JobStatus.QUEUED, 0, 0, None)
    assert await works.effects() == 0

    await start(0)

    async def done() -> bool:
        return (await works.row(job_id)).status == JobStatus.SUCCEEDED

    await until_awaited(done, seconds=END_SECONDS)
    assert await works.effects() == 1
