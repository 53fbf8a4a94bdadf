"""A worker that stood still for so long that its job is another's by now."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from infrastructure.clock.system_clock import SystemClock
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.persistence.database import Database, database_url
from infrastructure.persistence.jobs.job_tables import JobStatus, jobs
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWorkFactory
from tests.support.claim_log import create_claim_log, holders
from tests.support.databases import create_database, drop_database
from tests.support.effects_worker import SLOW_EFFECT, create_effects, effects
from tests.support.servers import RedisProcess
from tests.support.worker_crew import WorkerCrew


@pytest.fixture
def url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    name = f"zombie_{uuid4().hex[:8]}"
    made = create_database(postgres_server, name, template=postgres_template)
    asyncio.run(create_effects(made))
    asyncio.run(create_claim_log(made))
    yield made
    drop_database(postgres_server, name)


@pytest.fixture
def crew(url: str, redis_process: RedisProcess, tmp_path: Path) -> Iterator[WorkerCrew]:
    crew = WorkerCrew(url, redis_process.url, tmp_path, threads=4, log_level="INFO")
    yield crew
    crew.stop()


async def test_a_worker_frozen_past_its_lease_adds_nothing_when_it_goes_on(url: str, crew: WorkerCrew) -> None:
    zombie = await asyncio.to_thread(crew.start_one)
    database = Database(database_url(url, Path()))
    job_id = await _enqueue(database)
    await _until(lambda: _is_held_by(url, job_id, [zombie]))
    crew.freeze(zombie)
    other = await asyncio.to_thread(crew.start_one)
    await _until(lambda: _is_held_by(url, job_id, [zombie, other]))
    await _until(lambda: _has_succeeded(database, job_id))
    crew.thaw(zombie)
    await _until(lambda: _says(crew, zombie, '"outcome": "lease lost"'))
    async with database.read() as connection:
        assert (await connection.execute(select(effects.c.job_id))).scalars().all() == [job_id]
    assert await _has_succeeded(database, job_id)
    await database.dispose()


async def _enqueue(database: Database) -> UUID:
    async def nothing(_tags: object) -> None: ...

    unit_of_work = SqlUnitOfWorkFactory(
        database, clock=SystemClock(), ids=Uuid7Ids(), invalidate=nothing, wake_relay=lambda: None
    )
    async with unit_of_work() as uow:
        job_id = await uow.jobs.enqueue(SLOW_EFFECT, {})
    assert job_id is not None
    return job_id


async def _is_held_by(url: str, job_id: UUID, workers: list[str]) -> bool:
    return await holders(url, job_id) == workers


async def _has_succeeded(database: Database, job_id: UUID) -> bool:
    async with database.read() as connection:
        status = await connection.scalar(select(jobs.c.status).where(jobs.c.id == job_id))
    return status == JobStatus.SUCCEEDED.value


async def _says(crew: WorkerCrew, name: str, what: str) -> bool:
    return what in crew.log_of(name)


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Whatever other processes do is done within minutes."""
    async with asyncio.timeout(180):
        while not await condition():  # noqa: ASYNC110 - other processes do it
            await asyncio.sleep(0.05)
