"""A statement whose caller has stopped waiting ends, on the server too."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from application.deadline import DeadlineExceeded, deadline_in
from infrastructure.persistence.accounts.account_tables import accounts
from infrastructure.persistence.constraint_errors import DatabaseUnavailable
from infrastructure.persistence.database import Database
from tests.support.faulty_proxy import FaultyProxy
from tests.support.polling import until, until_awaited
from tests.support.stores import Store, store_or_pooled_store

__all__ = ["store_or_pooled_store"]

ENDLESS = {
    True: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    False: "SELECT pg_sleep(600)",
}


async def _rows_of_pets(store: Store) -> int:
    async with store.database.read() as connection:
        return (await connection.execute(text("SELECT count(*) FROM pets"))).scalar_one()


@pytest.mark.parametrize("reads", [True, False])
async def test_a_statement_ends_at_the_deadline_and_the_pool_goes_on(store: Store, reads: bool) -> None:
    place = store.database.read if reads else store.database.begin
    for _ in range(12):
        with deadline_in(0.1), pytest.raises(DeadlineExceeded):
            async with place() as connection:
                await connection.execute(text(ENDLESS[store.database.is_sqlite]))
    assert await _rows_of_pets(store) == 0
    async with store.database.begin() as connection:
        await connection.execute(text("DELETE FROM pets"))


async def test_postgresql_stops_working_on_it(postgres_store: Store) -> None:
    with deadline_in(0.2), pytest.raises(DeadlineExceeded):
        async with postgres_store.database.begin() as connection:
            await connection.execute(text("SELECT pg_sleep(600)"))
    statement = text("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'")
    async with asyncio.timeout(60):
        while await _number(postgres_store.database, statement):  # noqa: ASYNC110 - it is the server's to say
            await asyncio.sleep(0.02)


async def test_what_nobody_waits_for_is_given_up_as_well(postgres_store: Store) -> None:
    database = Database(postgres_store.database.write_engine.url, longest_seconds=0.2)
    try:
        for place in (database.read, database.begin):
            with pytest.raises(DeadlineExceeded):
                async with place() as connection:
                    await connection.execute(text("SELECT pg_sleep(600)"))
            await until_awaited(lambda place=place: _answers_in_time(place))
    finally:
        await database.dispose()


async def _answers_in_time(place: Callable[[], AbstractAsyncContextManager[AsyncConnection]]) -> bool:
    try:
        async with place() as connection:
            return (await connection.execute(text("SELECT 1"))).scalar_one() == 1
    except DeadlineExceeded:
        return False


async def test_sqlite_stops_working_on_it(sqlite_store: Store) -> None:
    """Were it still at work, the only writer would be busy for good."""
    with deadline_in(0.1), pytest.raises(DeadlineExceeded):
        async with sqlite_store.database.begin() as connection:
            await connection.execute(text(ENDLESS[True]))
    async with asyncio.timeout(60), sqlite_store.database.begin() as connection:
        await connection.execute(text("DELETE FROM pets"))


async def test_what_was_written_before_the_deadline_is_rolled_back(store: Store) -> None:
    await store.people()
    before = len(await store.rows(accounts))

    async def write_and_take_too_long() -> None:
        async with store.database.begin() as connection:
            await connection.execute(text("UPDATE accounts SET first_name = 'Nobody'"))
            await connection.execute(text(ENDLESS[store.database.is_sqlite]))

    with deadline_in(0.1), pytest.raises(DeadlineExceeded):
        await write_and_take_too_long()
    rows = await store.rows(accounts)
    assert len(rows) == before > 0
    assert "Nobody" not in {row["first_name"] for row in rows}


async def test_a_place_in_the_queue_for_a_connection_is_waited_for_no_longer(store: Store) -> None:
    async def hold(release: asyncio.Event) -> None:
        async with store.database.begin() as connection:
            await connection.execute(text("SELECT 1"))
            await release.wait()

    async def is_refused_in_time() -> bool:
        try:
            with deadline_in(0.05):
                async with store.database.begin():
                    return False
        except DatabaseUnavailable:
            return True
        except DeadlineExceeded:
            return False

    release = asyncio.Event()
    holders = [asyncio.create_task(hold(release)) for _ in range(1 if store.database.is_sqlite else 10)]
    await until_awaited(is_refused_in_time)
    release.set()
    await asyncio.gather(*holders)


async def test_a_server_that_has_fallen_silent_holds_up_nobody_for_long(postgres_store: Store) -> None:
    """Between two statements there is nothing to cancel, and it would not answer a rollback either."""
    assert postgres_store.url.port is not None
    with FaultyProxy(postgres_store.url.port) as proxy:
        database = Database(postgres_store.url.set(host="127.0.0.1", port=proxy.port), pooled_elsewhere=False)

        async def write_while_it_falls_silent() -> None:
            async with database.begin() as connection:
                await connection.execute(text("UPDATE pets SET name = 'Nobody'"))
                proxy.hang()
                await asyncio.Event().wait()

        async with asyncio.timeout(120):
            for _ in range(3):
                with deadline_in(0.5), pytest.raises(DeadlineExceeded):
                    await write_while_it_falls_silent()
                proxy.hang()
                with deadline_in(0.5), pytest.raises((DeadlineExceeded, DatabaseUnavailable)):
                    await database.ping()
                proxy.forward()
                await database.ping()
        await database.dispose()
        # What asks the server to cancel goes on by itself, and must not outlive the test.
        await until(lambda: len(asyncio.all_tasks()) == 1)
        await asyncio.sleep(0)


async def _number(database: Database, statement: TextClause) -> int:
    async with database.read() as connection:
        return (await connection.execute(statement)).scalar_one()
