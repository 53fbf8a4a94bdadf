"""A worker process of the product that also knows jobs made for measuring: each leaves one row in `effects`.

Run as `python -m tests.support.effects_worker [threads]`, with the product's environment.
"""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Column, MetaData, Table, Uuid, text

from application.ports.job_records import ClaimedJob
from application.use_cases import UseCases
from infrastructure.persistence.database import Database, database_url
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWork
from interfaces.bootstrap.settings import Settings
from interfaces.bootstrap.worker_runtime import declare_worker, work
from interfaces.worker.job_kinds import job_kinds
from interfaces.worker.job_runner import JobKind

CREATE_EFFECTS = "CREATE TABLE IF NOT EXISTS effects (job_id uuid NOT NULL, at timestamptz NOT NULL DEFAULT now())"
effects = Table("effects", MetaData(), Column("job_id", Uuid, nullable=False))
EFFECT, SLOW_EFFECT, NOTHING = "tests.effect", "tests.slow_effect", "tests.nothing"
SLOW_SECONDS = 3.0


def kinds(use_cases: UseCases, *, mail_per_second: float) -> Mapping[str, JobKind]:
    unit_of_work = use_cases.accept_booking.unit_of_work

    async def leave_effect(job: ClaimedJob) -> None:
        async with unit_of_work() as uow:
            assert isinstance(uow, SqlUnitOfWork)
            await uow.transaction.execute(effects.insert().values(job_id=job.id))
            uow.jobs.finish_current()

    async def leave_effect_slowly(job: ClaimedJob) -> None:
        await asyncio.sleep(SLOW_SECONDS)
        await leave_effect(job)

    async def do_nothing(_job: ClaimedJob) -> None:
        return

    return {
        **job_kinds(use_cases, mail_per_second=mail_per_second),
        EFFECT: JobKind(run=leave_effect),
        SLOW_EFFECT: JobKind(run=leave_effect_slowly),
        NOTHING: JobKind(run=do_nothing),
    }


async def create_effects(url: str) -> None:
    database = Database(database_url(url, Path()))
    async with database.begin() as connection:
        await connection.execute(text(CREATE_EFFECTS))
    await database.dispose()


if __name__ == "__main__":
    settings = Settings.read()
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 16
    work(declare_worker(settings, kinds), queues=(), threads=threads, drain_seconds=settings.drain_seconds)
