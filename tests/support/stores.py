"""A migrated database of either kind for each test, with the adapters over it that write and read it.

PostgreSQL is migrated once a session and emptied before each test; SQLite is a copied file.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import Table, select, text
from sqlalchemy.engine import URL

from application.ports.unit_of_work import UnitOfWork
from domain.accounts.account import Account
from domain.availability.availability import Availability
from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingId
from domain.bookings.quote import QuoteId
from domain.caregivers.caregiver_profile import CaregiverProfile
from domain.shared.actor import Actor
from domain.shared.languages import Language
from domain.shared.period import Period
from infrastructure.clock.settable_clock import SettableClock
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.persistence.database import Database, database_url
from infrastructure.persistence.migrations import alembic_config, on_connection
from infrastructure.persistence.schema import metadata
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWorkFactory
from tests.support.builders import (
    ADMIN,
    CAREGIVER,
    NOW,
    OWNER,
    STRANGER,
    a_caregiver,
    a_pet,
    a_quote,
    care_details,
)
from tests.support.databases import create_database, drop_database
from tests.support.sqlite_database import migrated_database

BOTH = ["sqlite", "postgresql"]
POOLED = "postgresql behind a pooler"
PETS = tuple(a_pet(name) for name in ("Rex", "Fido", "Bella", "Max", "Luna"))


class _Undone(Exception):
    """What a use case might raise at its end."""


@dataclass(slots=True, kw_only=True)
class Store:
    """A database, the unit of work over it, and what the unit of work told the cache and the relay."""

    database: Database
    url: URL
    clock: SettableClock
    ids: Uuid7Ids
    forgotten: list[set[str]] = field(default_factory=list[set[str]])
    wakes: list[None] = field(default_factory=list[None])
    unit_of_work: SqlUnitOfWorkFactory = field(init=False)

    def __post_init__(self) -> None:
        self.unit_of_work = SqlUnitOfWorkFactory(
            self.database,
            clock=self.clock,
            ids=self.ids,
            invalidate=self._forget,
            wake_relay=lambda: self.wakes.append(None),
        )

    async def rows(self, table: Table) -> list[dict[str, Any]]:
        """Everything in the table, in the order of its first column."""
        async with self.database.read() as connection:
            result = await connection.execute(select(table).order_by(next(iter(table.c))))
            return [dict(row._mapping) for row in result]

    async def people(self) -> None:
        """The actors of the builders, two approved caregivers, and the owner's five pets."""
        async with self.unit_of_work() as uow:
            for actor, name in ((OWNER, "owner"), (CAREGIVER, "caregiver"), (ADMIN, "admin"), (STRANGER, "stranger")):
                await uow.accounts.add(an_account(actor, name))
            await uow.caregivers.add(a_caregiver())
            await uow.caregivers.add(the_other_caregiver())
            for pet in PETS:
                await uow.pets.add(pet)
        self.forgotten.clear()
        self.wakes.clear()

    async def always_open(self) -> None:
        assert CAREGIVER.caregiver_id is not None
        async with self.unit_of_work() as uow:
            await uow.caregivers.save_availability(
                CAREGIVER.caregiver_id, Availability.always_open(a_caregiver().time_zone)
            )

    def a_booking(self, period: Period | None = None, *, pets: int = 1, instant_book: bool = False) -> Booking:
        """A request with identifiers of its own, not stored, and neither is its quote."""
        quote = replace(a_quote(period=period, pets=PETS[:pets], at=self.clock.now()), id=QuoteId(self.ids.new()))
        return Booking.request(
            id=BookingId(self.ids.new()),
            quote=quote,
            caregiver=a_caregiver(instant_book=instant_book),
            care=care_details(),
            at=self.clock.now(),
        )

    async def book(self, period: Period | None = None, *, pets: int = 1, instant_book: bool = False) -> BookingId:
        """Stores such a booking after its quote, the caregiver locked first. Raises SlotTaken."""
        booking = self.a_booking(period, pets=pets, instant_book=instant_book)
        await self.add(booking)
        return booking.id

    async def add(self, booking: Booking, *, lock: bool = True) -> None:
        """Stores the booking after its quote. Raises SlotTaken."""
        async with self.unit_of_work() as uow:
            if lock:
                await uow.caregivers.get(booking.caregiver_id, for_update=True)
            await self.add_to(uow, booking)

    async def add_to(self, uow: UnitOfWork, booking: Booking) -> None:
        """The same within a unit of work."""
        pets = [pet for pet in PETS if pet.id in booking.pet_ids]
        quote = a_quote(period=booking.period, pets=pets, at=booking.requested_at)
        await uow.quotes.add(replace(quote, id=booking.quote_id))
        await uow.bookings.add(booking)

    async def booking(self, booking_id: BookingId) -> Booking:
        async with self.unit_of_work() as uow:
            return await uow.bookings.get(booking_id)

    async def accept(self, booking_id: BookingId) -> None:
        async with self.unit_of_work() as uow:
            booking = await uow.bookings.get(booking_id, for_update=True)
            booking.accept(by=CAREGIVER, at=self.clock.now())
            await uow.bookings.save(booking)

    async def pay(self, booking_id: BookingId) -> None:
        async with self.unit_of_work() as uow:
            booking = await uow.bookings.get(booking_id, for_update=True)
            booking.mark_paid(payment_id=self.ids.new(), captured=booking.gross, at=self.clock.now())
            await uow.bookings.save(booking)

    @asynccontextmanager
    async def undone(self) -> AsyncGenerator[UnitOfWork]:
        """A unit of work whose block ends with an error, which goes no further."""
        with suppress(_Undone):
            async with self.unit_of_work() as uow:
                yield uow
                raise _Undone

    async def until_lock_waits(self, count: int = 1) -> None:
        """Returns once `count` transactions wait for a lock of another. Raises TimeoutError when they never do."""
        waiting = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        async with asyncio.timeout(60), self.database.read() as connection:
            while (await connection.execute(waiting)).scalar_one() < count:  # noqa: ASYNC110 - no event of ours
                await asyncio.sleep(0.005)

    async def _forget(self, tags: Collection[str]) -> None:
        self.forgotten.append(set(tags))


def an_account(actor: Actor, name: str) -> Account:
    return Account(
        id=actor.account_id,
        email=f"{name}@example.org",
        password_hash="hash",
        first_name=name.capitalize(),
        last_name="Peeters",
        language=Language.NL,
        created_at=NOW,
        email_verified_at=NOW,
        is_admin=actor.is_admin,
    )


def the_other_caregiver() -> CaregiverProfile:
    """That of the stranger."""
    assert STRANGER.caregiver_id is not None
    return replace(
        a_caregiver(), id=STRANGER.caregiver_id, account_id=STRANGER.account_id, payout_account_id="acct_2", events=[]
    )


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> Iterator[URL]:
    """One migrated PostgreSQL database without a gazetteer, for tests that empty it."""
    name = f"stores_{uuid4().hex[:12]}"
    url = database_url(create_database(postgres_server, name), Path())
    # A thread has no running loop, wherever the test that asks first stands.
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, _migrate(url)).result()
    yield url
    drop_database(postgres_server, name)


@pytest.fixture(params=BOTH)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store on either database."""
    async with _empty_store(request, tmp_path) as made:
        yield made


@pytest.fixture(name="store", params=[*BOTH, POOLED])
async def store_or_pooled_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store on either database, and on PostgreSQL behind a pooler: for tests of what must hold there, too.
    A module that imports it has it as its `store`."""
    async with _empty_store(request, tmp_path) as made:
        yield made


@asynccontextmanager
async def _empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Store]:
    async with AsyncExitStack() as stack:
        if request.param == "sqlite":
            database = await stack.enter_async_context(migrated_database(tmp_path))
            url = database.write_engine.url
        else:
            url: URL = request.getfixturevalue("migrated_postgres")
            if request.param == POOLED:
                url = url.set(port=request.getfixturevalue("pgbouncer").port)
            database = Database(url)
            stack.push_async_callback(database.dispose)
            await _empty(database)
        yield Store(database=database, url=url, clock=SettableClock(NOW), ids=Uuid7Ids())


@pytest.fixture
async def sqlite_store(tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store for what is the same on both databases."""
    async with migrated_database(tmp_path) as database:
        yield Store(database=database, url=database.write_engine.url, clock=SettableClock(NOW), ids=Uuid7Ids())


@pytest.fixture
async def peopled(store: Store) -> Store:
    """A store with the people of the builders."""
    await store.people()
    return store


@pytest.fixture
async def postgres_store(migrated_postgres: URL) -> AsyncIterator[Store]:
    """A store for what only PostgreSQL shows."""
    database = Database(migrated_postgres, pool_size=40)
    await _empty(database)
    yield Store(database=database, url=migrated_postgres, clock=SettableClock(NOW), ids=Uuid7Ids())
    await database.dispose()


async def _migrate(url: URL) -> None:
    await on_connection(url, lambda connection: command.upgrade(alembic_config(connection), "head"))


async def _empty(database: Database) -> None:
    """Deletes everything, in one round trip: quicker than TRUNCATE for as few rows as a test leaves."""
    deletes = " ".join(f"DELETE FROM {table.name};" for table in reversed(metadata.sorted_tables))
    async with database.begin() as connection:
        # Without its triggers, which keep the ledger from being emptied.
        bare = "PERFORM set_config('session_replication_role', 'replica', true);"
        await connection.execute(text(f"DO $$ BEGIN {bare} {deletes} END $$"))


__all__ = ["Store", "migrated_postgres", "peopled", "postgres_store", "sqlite_store", "store", "store_or_pooled_store"]
