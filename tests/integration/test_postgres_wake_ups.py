"""A relay hears of work that other processes committed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from infrastructure.job_queue import postgres_wake_ups
from infrastructure.job_queue.postgres_wake_ups import APPLICATION_NAME, PostgresWakeUps
from tests.support.polling import until
from tests.support.stores import Store


@asynccontextmanager
async def listening(store: Store, wakes: list[None]) -> AsyncIterator[None]:
    running = asyncio.create_task(PostgresWakeUps(store.url, lambda: wakes.append(None)).run())
    # It looks once when it begins to listen: what came before was not heard.
    await until(lambda: wakes != [])
    wakes.clear()
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _enqueue(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.jobs.enqueue("tests.run", {})


async def test_a_commit_anywhere_wakes_the_relay(postgres_store: Store) -> None:
    wakes = list[None]()
    async with listening(postgres_store, wakes):
        await _enqueue(postgres_store)
        await until(lambda: len(wakes) == 1)


async def test_what_is_rolled_back_or_leaves_no_work_wakes_nobody(postgres_store: Store) -> None:
    wakes = list[None]()
    async with listening(postgres_store, wakes):
        async with postgres_store.unit_of_work():
            ...
        try:
            async with postgres_store.unit_of_work() as uow:
                await uow.jobs.enqueue("tests.run", {})
                raise ValueError
        except ValueError:
            await _enqueue(postgres_store)
        await until(lambda: wakes != [])
        assert len(wakes) == 1


async def test_a_lost_connection_is_made_anew(postgres_store: Store) -> None:
    wakes = list[None]()
    async with listening(postgres_store, wakes):
        await _end_listeners(postgres_store)
        # The new connection looks once as well, as something may have been missed.
        await until(lambda: wakes != [])
        wakes.clear()
        await _enqueue(postgres_store)
        await until(lambda: wakes != [])


async def test_who_cannot_find_out_about_a_pooler_asks_again_before_he_listens(
    postgres_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[Any]()
    find_out = postgres_wake_ups.is_behind_pooler

    async def fail_first(connection: Any) -> bool:
        asked.append(connection)
        if len(asked) == 1:
            raise asyncpg.InterfaceError("the connection was lost")
        return await find_out(connection)

    monkeypatch.setattr(postgres_wake_ups, "is_behind_pooler", fail_first)
    wakes = list[None]()
    async with listening(postgres_store, wakes):
        assert len(asked) == 2
        assert asked[0].is_closed()
        await _enqueue(postgres_store)
        await until(lambda: wakes != [])


async def _end_listeners(store: Store) -> None:
    address = store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(address)
    await connection.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{APPLICATION_NAME}'"
    )
    await connection.close()
