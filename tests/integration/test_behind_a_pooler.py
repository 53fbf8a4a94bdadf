"""PostgreSQL behind a pooler in transaction mode, which nobody has told us of."""

import asyncio
from pathlib import Path
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.engine import URL

from infrastructure.job_queue.postgres_wake_ups import PostgresWakeUps
from infrastructure.persistence.database import Database, database_url
from infrastructure.persistence.migrations import migrate
from tests.support.databases import create_database, drop_database
from tests.support.pgbouncer import PgBouncerProcess


async def test_each_of_many_gets_the_answer_to_his_own_question(
    migrated_postgres: URL, pgbouncer: PgBouncerProcess
) -> None:
    """Were statements prepared in one transaction and run in another, they would meet those of others, or none."""
    database = Database(migrated_postgres.set(port=pgbouncer.port))

    async def ask(number: int) -> int:
        place = (database.begin, database.read, database.alone)[number % 3]
        async with place() as connection:
            return (await connection.execute(text("SELECT CAST(:number AS int)"), {"number": number})).scalar_one()

    assert await asyncio.gather(*(ask(number) for number in range(300))) == list(range(300))
    await database.dispose()


async def test_what_is_written_alone_is_kept(migrated_postgres: URL, pgbouncer: PgBouncerProcess) -> None:
    database = Database(migrated_postgres.set(port=pgbouncer.port))
    async with database.begin() as connection:
        await connection.execute(text("CREATE TABLE IF NOT EXISTS pooled (number int)"))
    async with database.alone() as connection:
        await connection.execute(text("INSERT INTO pooled VALUES (7)"))
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT number FROM pooled"))).scalar_one() == 7
    async with database.begin() as connection:
        await connection.execute(text("DROP TABLE pooled"))
    await database.dispose()


async def test_there_are_no_wake_ups_to_wait_for(migrated_postgres: URL, pgbouncer: PgBouncerProcess) -> None:
    wakes = list[None]()
    async with asyncio.timeout(60):
        await PostgresWakeUps(migrated_postgres.set(port=pgbouncer.port), lambda: wakes.append(None)).run()
    assert wakes == []


async def test_a_database_is_migrated_through_it(postgres_server: str, pgbouncer: PgBouncerProcess) -> None:
    name = f"pooled_{uuid4().hex[:8]}"
    url = database_url(create_database(postgres_server, name), Path()).set(port=pgbouncer.port)
    for _ in range(2):
        await migrate(url)
    database = Database(url, pooled_elsewhere=True)
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()
    await database.dispose()
    drop_database(postgres_server, name)
