"""Connections to SQLite end, whoever is cancelled meanwhile."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from infrastructure.persistence.database import Database, database_url

# A second or so.
LONG = text(
    "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT 3000000)"
    " SELECT max(n) FROM numbers"
)


@pytest.mark.parametrize("writes", [False, True])
async def test_nothing_waits_for_a_thread_that_has_ended(tmp_path: Path, writes: bool) -> None:
    database = Database(database_url("", tmp_path))
    await database.ping()
    before = asyncio.all_tasks()

    async def ask() -> None:
        async with database.begin() if writes else database.read() as connection:
            await connection.execute(LONG)

    asking = asyncio.create_task(ask())
    # Cancelled while it waits for the statement, for the connection to be closed, and for that once more.
    while not asking.done():
        await asyncio.sleep(0.1)
        asking.cancel()
    assert asking.cancelled()
    left = asyncio.all_tasks() - before - {asking}
    if left:
        _, hanging = await asyncio.wait(left, timeout=60)
        assert not hanging
    await database.ping()
    await database.dispose()
