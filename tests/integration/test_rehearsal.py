"""What a new process has to do once is done before its first request."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from application.ports.caregiver_queries import CaregiverSearch, SearchOrder
from domain.accounts.session import SessionId
from domain.caregivers.services import Service
from domain.pets.pet import Animal
from domain.shared.actor import AccountId, Actor
from infrastructure.persistence.constraint_errors import DatabaseUnavailable
from infrastructure.persistence.database import Database
from interfaces.bootstrap.container import Container
from interfaces.bootstrap.production import build_parts
from interfaces.bootstrap.settings import Settings
from tests.support.databases import create_database, drop_database
from tests.support.server_process import KeptPort

CONNECTIONS = 3


@pytest.fixture
async def rehearsed(postgres_server: str, postgres_template: str, tmp_path: Path) -> AsyncIterator[Container]:
    name = f"rehearsal_{uuid4().hex[:8]}"
    container = _container(tmp_path, create_database(postgres_server, name, template=postgres_template))
    await container.rehearse()
    yield container
    await container.parts.close()
    drop_database(postgres_server, name)


def _container(data_dir: Path, url: str) -> Container:
    environment = {"DATA_DIR": str(data_dir), "DATABASE_URL": url, "DATABASE_POOL_SIZE": str(CONNECTIONS)}
    return Container(build_parts(Settings.read(environment)))


async def test_all_connections_are_open(rehearsed: Container) -> None:
    ours = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
    )
    async with rehearsed.parts.database.read() as connection:
        assert (await connection.execute(text(ours))).scalar_one() == 2 * CONNECTIONS


async def test_what_is_asked_for_most_is_prepared_on_each(rehearsed: Container) -> None:
    adapters, database = rehearsed.parts.adapters, rehearsed.parts.database
    # This statement is prepared, too, the first time.
    await _prepared(database)
    before = await _prepared(database)
    walks_elsewhere = CaregiverSearch(lat=52.4, lng=4.9, radius_km=5, service=Service.DOG_WALKING)
    for_cats = CaregiverSearch(lat=51.2, lng=4.4, radius_km=20, animal=Animal.CAT, order=SearchOrder.BEST)
    for ask in (
        lambda: adapters.caregiver_queries.search(walks_elsewhere),
        lambda: adapters.caregiver_queries.search(for_cats),
        lambda: adapters.account_queries.signed_in(SessionId(uuid4()), AccountId(uuid4())),
        lambda: adapters.pet_queries.of_owner(AccountId(uuid4()), limit=5, after=None),
        lambda: adapters.booking_queries.of_account(
            viewer=Actor(account_id=AccountId(uuid4())),
            role=None,
            statuses=(),
            starts_from=None,
            starts_before=None,
            limit=5,
            cursor=None,
        ),
    ):
        # Each of them takes a connection of its own.
        await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    assert await _prepared(database) == before


async def test_a_process_starts_without_its_database(tmp_path: Path) -> None:
    nobody = KeptPort()
    container = _container(tmp_path, f"postgresql://nobody@127.0.0.1:{nobody.number}/nothing")
    with pytest.raises(DatabaseUnavailable):
        await container.parts.database.open()
    await container.rehearse()
    await container.parts.close()


async def test_a_database_that_hangs_holds_up_no_start_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.persistence.database.CONNECT_SECONDS", 600.0)
    monkeypatch.setattr("interfaces.bootstrap.container.REHEARSAL_SECONDS", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        container = _container(tmp_path, f"postgresql://nobody@127.0.0.1:{port}/nothing")
        async with asyncio.timeout(60):
            await container.rehearse()
        await container.parts.close()


async def _prepared(database: Database) -> list[int]:
    """How many statements each connection to read has prepared, the fewest first."""
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(database.read()) for _ in range(CONNECTIONS)]
        counted = text("SELECT count(*) FROM pg_prepared_statements")
        return sorted([(await connection.execute(counted)).scalar_one() for connection in connections])
