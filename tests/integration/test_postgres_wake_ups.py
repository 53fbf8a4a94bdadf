"""A relay hears of work that other processes committed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from infrastructure.job_queue.postgres_wake_ups import PostgresWakeUps
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
        await until(lambda: wakes != [], seconds=60)
        wakes.clear()
        await _enqueue(postgres_store)
        await until(lambda: wakes != [])


async def _end_listeners(store: Store) -> None:
    address = store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(address)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()"
    )
    await connection.close()
