"""An owner, a caregiver and everything between them, over a SQLite file of the test's own."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Table, make_url, select

from application.bookings.create_quote import CreateQuote
from application.bookings.request_booking import RequestBooking
from application.payments.start_payment import StartedPayment, StartPayment
from domain.accounts.account import Account
from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingId
from domain.bookings.quote import QuoteId
from domain.caregivers.services import Service
from domain.shared.actor import Actor
from domain.shared.languages import Language
from domain.shared.period import Period
from infrastructure.clock.settable_clock import SettableClock
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.payments.sandbox_accounts import SandboxConnectedAccounts
from infrastructure.payments.sandbox_books import SandboxBooks
from infrastructure.payments.sandbox_payments import SandboxPayments
from infrastructure.payments.sandbox_transfers import SandboxTransfers
from infrastructure.persistence.database import Database
from infrastructure.persistence.jobs.job_tables import jobs
from infrastructure.persistence.migrations import alembic_config, on_connection
from infrastructure.persistence.outbox import outbox_events
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWorkFactory
from infrastructure.public_holidays.holidays_calendar import HolidaysCalendar
from tests.support.builders import ADMIN, CAREGIVER, NOW, OWNER, a_caregiver, a_pet, care_details

PETS = tuple(a_pet(name) for name in ("Rex", "Fido", "Bella"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingWorld:
    """The adapters that use cases need, and shortcuts to where a test begins."""

    database: Database
    clock: SettableClock
    ids: Uuid7Ids
    unit_of_work: SqlUnitOfWorkFactory
    payments: SandboxPayments
    transfers: SandboxTransfers
    books: SandboxBooks
    connected_accounts: SandboxConnectedAccounts

    async def quoted(
        self, *, starts_in: timedelta = timedelta(days=7), length: timedelta = timedelta(hours=1), pets: int = 1
    ) -> QuoteId:
        quote = CreateQuote(unit_of_work=self.unit_of_work, holidays=HolidaysCalendar(), clock=self.clock, ids=self.ids)
        start = self.clock.now() + starts_in
        assert CAREGIVER.caregiver_id is not None
        view = await quote.execute(
            owner=OWNER,
            caregiver_id=CAREGIVER.caregiver_id,
            service=Service.DOG_WALKING,
            period=Period(start, start + length),
            pet_ids=[pet.id for pet in PETS[:pets]],
        )
        return QuoteId(view.id)

    async def requested(
        self, *, starts_in: timedelta = timedelta(days=7), length: timedelta = timedelta(hours=1), pets: int = 1
    ) -> BookingId:
        quote_id = await self.quoted(starts_in=starts_in, length=length, pets=pets)
        request = RequestBooking(unit_of_work=self.unit_of_work, clock=self.clock, ids=self.ids)
        return await request.execute(owner=OWNER, quote_id=quote_id, care=care_details())

    async def accepted(self, *, starts_in: timedelta = timedelta(days=7)) -> BookingId:
        booking_id = await self.requested(starts_in=starts_in)
        async with self.unit_of_work() as uow:
            booking = await uow.bookings.get(booking_id, for_update=True)
            booking.accept(by=CAREGIVER, at=self.clock.now())
            await uow.bookings.save(booking)
        return booking_id

    @property
    def start_payment(self) -> StartPayment:
        return StartPayment(
            unit_of_work=self.unit_of_work,
            payments=self.payments,
            provider="sandbox",
            clock=self.clock,
            ids=self.ids,
        )

    async def paying(self, booking_id: BookingId) -> tuple[StartedPayment, str]:
        """An opened payment and its id at the provider."""
        started = await self.start_payment.execute(actor=OWNER, booking_id=booking_id)
        async with self.unit_of_work() as uow:
            payment = await uow.payments.get(started.payment_id)
        assert payment.provider_payment_id is not None
        return started, payment.provider_payment_id

    async def booking(self, booking_id: BookingId) -> Booking:
        async with self.unit_of_work() as uow:
            return await uow.bookings.get(booking_id)

    async def jobs(self, kind: str) -> list[dict[str, Any]]:
        """The payloads of every job of a kind, in the order they were recorded."""
        return [row["payload"] for row in await self._rows(jobs) if row["kind"] == kind]

    async def event_names(self) -> list[str]:
        return [row["name"] for row in await self._rows(outbox_events)]

    async def rows(self, table: Table) -> list[dict[str, Any]]:
        return await self._rows(table)

    async def _rows(self, table: Table) -> list[dict[str, Any]]:
        async with self.database.read() as connection:
            result = await connection.execute(select(table).order_by(next(iter(table.c))))
            return [dict(row._mapping) for row in result]


def _account(actor: Actor, name: str) -> Account:
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


@pytest.fixture(scope="session")
def peopled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table and trigger and the people of the world: copied, never opened, by the tests."""
    path = tmp_path_factory.mktemp("world") / "peopled.sqlite3"
    asyncio.run(_people(path))
    return path


@pytest.fixture
async def world(peopled_file: Path, tmp_path: Path) -> AsyncIterator[BookingWorld]:
    """Monday 2 November 2026, 10:00 in Brussels; the caregiver's policy is flexible and nothing is booked."""
    path = tmp_path / "world.sqlite3"
    shutil.copy(peopled_file, path)
    made = open_world(path)
    yield made
    await made.database.dispose()


async def _people(path: Path) -> None:
    url = make_url(f"sqlite+aiosqlite:///{path}")
    await on_connection(url, lambda connection: command.upgrade(alembic_config(connection), "head"))
    world = open_world(path)
    async with world.unit_of_work() as uow:
        for actor, name in ((OWNER, "owner"), (CAREGIVER, "caregiver"), (ADMIN, "admin")):
            await uow.accounts.add(_account(actor, name))
        await uow.caregivers.add(a_caregiver())
        for pet in PETS:
            await uow.pets.add(pet)
    await world.database.dispose()


def open_world(path: Path) -> BookingWorld:
    return world_over(Database(make_url(f"sqlite+aiosqlite:///{path}")))


def world_over(database: Database) -> BookingWorld:
    clock, ids = SettableClock(NOW), Uuid7Ids()

    async def forget(tags: Collection[str]) -> None:
        del tags

    return BookingWorld(
        database=database,
        clock=clock,
        ids=ids,
        unit_of_work=SqlUnitOfWorkFactory(database, clock=clock, ids=ids, invalidate=forget, wake_relay=lambda: None),
        payments=SandboxPayments(database, clock=clock, ids=ids),
        transfers=SandboxTransfers(database, clock=clock, ids=ids),
        books=SandboxBooks(database, clock=clock, ids=ids),
        connected_accounts=SandboxConnectedAccounts(database, clock=clock, ids=ids),
    )


__all__ = ["BookingWorld", "open_world", "peopled_file", "world", "world_over"]
