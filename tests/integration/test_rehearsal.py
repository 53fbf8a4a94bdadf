"""What a new process has to do once is done before its first request."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, closing
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from application.ports.cache import CacheOutcome
from application.ports.caregiver_queries import CaregiverSearch, SearchOrder
from domain.accounts.session import SessionId
from domain.bookings.quote import QuoteId
from domain.caregivers.services import Service
from domain.pets.pet import Animal
from domain.shared.actor import AccountId, Actor
from domain.shared.period import Period
from infrastructure.persistence.caregivers.sql_caregiver_queries import SqlCaregiverQueries
from infrastructure.persistence.constraint_errors import DatabaseUnavailable
from infrastructure.persistence.places.place_tables import place_names, places
from infrastructure.persistence.schema import metadata
from interfaces.bootstrap.container import Container
from interfaces.bootstrap.production import build_parts
from interfaces.bootstrap.settings import Settings
from tests.support.builders import CAREGIVER, OWNER, a_caregiver, a_pet, care_details
from tests.support.databases import create_database, drop_database
from tests.support.server_process import KeptPort
from tests.support.stores import an_account

CONNECTIONS = 3


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine may be busy."""
    for limit in ("REHEARSAL_SECONDS", "FRONT_PAGE_SECONDS"):
        monkeypatch.setattr(f"interfaces.bootstrap.container.{limit}", 60.0)


@pytest.fixture
async def rehearsed(postgres_server: str, postgres_template: str, tmp_path: Path) -> AsyncIterator[Container]:
    name = f"rehearsal_{uuid4().hex[:8]}"
    container = _container(tmp_path, create_database(postgres_server, name, template=postgres_template))
    with capture_logs() as logs:
        await container.rehearse()
    assert logs == []
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
    await _prepared(database.read)
    before = await _prepared(database.read)
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
    assert await _prepared(database.read) == before


async def test_a_quote_and_a_booking_are_prepared_on_each(rehearsed: Container) -> None:
    adapters, database = rehearsed.parts.adapters, rehearsed.parts.database
    pet, profile = a_pet(), a_caregiver()
    async with adapters.unit_of_work() as uow:
        await uow.accounts.add(an_account(OWNER, "owner"))
        await uow.accounts.add(an_account(CAREGIVER, "caregiver"))
        await uow.pets.add(pet)
        await uow.caregivers.add(profile)
    await _prepared(database.begin)
    before = await _prepared(database.begin)
    starts = adapters.clock.now() + timedelta(days=2)

    async def book(hours: int) -> None:
        quote = await rehearsed.use_cases.create_quote.execute(
            owner=OWNER,
            caregiver_id=profile.id,
            service=Service.DOG_WALKING,
            period=Period(starts + timedelta(hours=hours), starts + timedelta(hours=hours + 1)),
            pet_ids=[pet.id],
        )
        await rehearsed.use_cases.request_booking.execute(owner=OWNER, quote_id=QuoteId(quote.id), care=care_details())

    await asyncio.gather(*(book(hours) for hours in range(CONNECTIONS)))
    assert await _prepared(database.begin) == before


async def test_nothing_of_it_stays(rehearsed: Container) -> None:
    async with rehearsed.parts.database.read() as connection:
        for table in metadata.sorted_tables:
            if table not in (places, place_names):
                assert (await connection.execute(select(table).limit(1))).first() is None, table.name


async def test_what_a_rehearsal_wrote_is_seen_in_it_and_nowhere_else(rehearsed: Container) -> None:
    account = an_account(OWNER, "owner")
    async with rehearsed.parts.rehearsal() as unit_of_work:
        async with unit_of_work() as uow:
            await uow.accounts.add(account)
        async with unit_of_work.reading() as uow:
            assert (await uow.accounts.get(account.id)).email == account.email
        async with rehearsed.parts.adapters.unit_of_work.reading() as uow:
            assert await uow.accounts.by_email(account.email) is None
    async with rehearsed.parts.adapters.unit_of_work.reading() as uow:
        assert await uow.accounts.by_email(account.email) is None


async def test_a_database_that_takes_no_writes_holds_up_no_start(
    postgres_server: str, postgres_template: str, tmp_path: Path
) -> None:
    name = f"rehearsal_{uuid4().hex[:8]}"
    url = create_database(postgres_server, name, template=postgres_template)
    connection = await asyncpg.connect(url)
    await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await connection.close()
    container = _container(tmp_path, url)
    with capture_logs() as logs:
        await container.rehearse()
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["start.not_prepared"]
    await container.parts.database.ping()
    await container.parts.close()
    drop_database(postgres_server, name)


async def test_a_row_that_cannot_be_read_holds_up_no_start(
    rehearsed: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def of_another_release(*_: object) -> None:
        raise ValueError("'acrobat' is no badge")

    for question in ("search", "service_counts"):
        monkeypatch.setattr(SqlCaregiverQueries, question, of_another_release)
    with capture_logs() as logs:
        await rehearsed.rehearse()
        await rehearsed.open_front_page()
    assert [(entry["event"], entry["reason"]) for entry in logs if entry["event"] == "start.not_prepared"] == [
        ("start.not_prepared", "ValueError")
    ] * 2


async def test_a_process_starts_without_its_database(tmp_path: Path) -> None:
    nobody = KeptPort()
    container = _container(tmp_path, f"postgresql://nobody@127.0.0.1:{nobody.number}/nothing")
    with pytest.raises(DatabaseUnavailable):
        await container.parts.database.open()
    await container.rehearse()
    await container.open_front_page()
    await container.parts.close()


async def test_whoever_comes_first_finds_the_front_page_loaded(rehearsed: Container) -> None:
    await rehearsed.open_front_page()
    answer = await rehearsed.use_cases.show_home.execute().answer()
    assert answer.outcome is CacheOutcome.HIT


async def test_a_database_that_hangs_holds_up_no_start_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.persistence.database.CONNECT_SECONDS", 600.0)
    monkeypatch.setattr("interfaces.bootstrap.container.REHEARSAL_SECONDS", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        container = _container(tmp_path, f"postgresql://nobody@127.0.0.1:{port}/nothing")
        with capture_logs() as logs:
            async with asyncio.timeout(60):
                await container.rehearse()
        assert [(entry["event"], entry["what"]) for entry in logs] == [("start.not_prepared", "rehearsal")]
        await container.parts.close()


async def _prepared(connecting: Callable[[], AbstractAsyncContextManager[AsyncConnection]]) -> list[int]:
    """How many statements each connection has prepared, the fewest first."""
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(connecting()) for _ in range(CONNECTIONS)]
        counted = text("SELECT count(*) FROM pg_prepared_statements")
        return sorted([(await connection.execute(counted)).scalar_one() for connection in connections])
