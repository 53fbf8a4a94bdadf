"""The servers that tests run against, from the machine and from the development packages."""

from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from tests.support.databases import create_database, drop_database
from tests.support.servers import PostgresProcess, RedisProcess, packaged_postgres, packaged_redis


def _given(binary: Path | None) -> Path:
    if binary is None:
        pytest.skip("the development package is not installed for this Python")
    return binary


async def test_postgres_from_the_package_has_the_extensions_we_use() -> None:
    server = PostgresProcess(_given(packaged_postgres()))
    try:
        connection = await asyncpg.connect(server.start())
        await connection.execute("CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm")
        await connection.close()
    finally:
        server.stop()


async def test_redis_from_the_package_answers() -> None:
    server = RedisProcess(_given(packaged_redis()))
    try:
        async with Redis.from_url(server.start()) as client:
            assert await client.ping()
    finally:
        server.stop()


async def test_a_database_is_copied_from_a_template_and_dropped_while_in_use(postgres_server: str) -> None:
    template_url = create_database(postgres_server, "servers_template")
    template = await asyncpg.connect(template_url)
    await template.execute("CREATE TABLE kept (id int)")
    await template.close()

    copy = await asyncpg.connect(create_database(postgres_server, "servers_copy", template="servers_template"))
    assert await copy.fetchval("SELECT count(*) FROM kept") == 0
    drop_database(postgres_server, "servers_copy")
    drop_database(postgres_server, "servers_template")

    copy.terminate()
    admin = await asyncpg.connect(postgres_server)
    assert await admin.fetchval("SELECT count(*) FROM pg_database WHERE datname LIKE 'servers_%'") == 0
    await admin.close()


async def test_a_killed_redis_comes_back_on_its_port(redis_process: RedisProcess) -> None:
    url = redis_process.url
    redis_process.stop()
    assert redis_process.start() == url
