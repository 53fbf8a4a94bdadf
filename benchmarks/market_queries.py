"""What the product's way to the database costs, beside the same SQL through the bare driver.

PostgreSQL with 100,000 caregivers and 1,000,000 bookings; nothing is cached. Each figure is the median of many calls,
the two of a pair in turns. The bare driver sends the very statements that the product sent, with their values, prepared
once, and does nothing with what comes back; of a booking request it leaves out what need not be read twice. Bounds: 2.5
times for reads, 3 times for the transaction of a request.

Usage: `python -m benchmarks.market_queries [CAREGIVERS [BOOKINGS]]`.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import uvloop
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from application.bookings.create_quote import CreateQuote
from application.bookings.request_booking import RequestBooking
from application.ports.caregiver_queries import CaregiverSearch, FreeThen, SearchOrder
from benchmarks.market import account_id, caregiver_id, fill, pet_id, sign_in
from benchmarks.market_bookings import OWNERS, fill_bookings
from domain.bookings.care_details import CareDetails, EmergencyContact
from domain.bookings.quote import QuoteId
from domain.caregivers.services import Service
from domain.pets.pet import PetId
from domain.shared.actor import AccountId, Actor, CaregiverId
from domain.shared.period import Period
from infrastructure.cache.sql_invalidation_journal import SqlInvalidationJournal
from infrastructure.clock.system_clock import SystemClock
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.persistence.bookings.sql_booking_queries import SqlBookingQueries
from infrastructure.persistence.bookings.sql_calendar_queries import SqlCalendarQueries
from infrastructure.persistence.caregivers.sql_caregiver_queries import SqlCaregiverQueries
from infrastructure.persistence.database import Database, database_url
from infrastructure.persistence.migrations import migrate
from infrastructure.persistence.sql_unit_of_work import AfterCommit, SqlUnitOfWorkFactory
from infrastructure.public_holidays.holidays_calendar import HolidaysCalendar
from tests.support.databases import create_database
from tests.support.servers import PostgresProcess, postgres_binaries

ROUNDS, WARM_UP = 60, 5
GENT = {"lat": 51.05, "lng": 3.72}
Call = Callable[[], Awaitable[object]]
# The text, the values or a list of them, and whether it is a list.
Statement = tuple[str, Any, bool]
# None of them is an owner here.
ALWAYS_OPEN_WALKERS = """
    SELECT caregiver_id FROM offers JOIN caregivers ON caregivers.id = caregiver_id
    WHERE service = 'dog_walking' AND NOT availability_set ORDER BY caregiver_id DESC LIMIT $1
"""
CARE = CareDetails(emergency_contact=EmergencyContact(name="An Peeters", phone="+32470123456"))


class _Undone(Exception):
    """Ends a transaction that was only looked at."""


@dataclass(slots=True)
class Statements:
    """What the product sends, as the driver gets it."""

    database: Database
    sent: list[Statement] = field(default_factory=list[Statement])

    def _note(self, _connection: Any, _cursor: Any, sql: str, values: Any, _context: Any, many: bool) -> None:
        self.sent.append((sql, values, many))

    async def of(self, call: Call) -> list[Statement]:
        """Nobody listens while calls are timed."""
        self.sent = []
        engines = [engine.sync_engine for engine in (self.database.read_engine, self.database.write_engine)]
        for engine in engines:
            event.listen(engine, "before_cursor_execute", self._note)
        await call()
        for engine in engines:
            event.remove(engine, "before_cursor_execute", self._note)
        return self.sent


# Whom to lock is in a row that is read anyway, and what the quote's lines say need not be read.
SPARED = ("SELECT quotes.caregiver_id ", "SELECT quote_lines.")


def by_hand(statements: Sequence[Statement]) -> list[Statement]:
    """What the same promise needs: the lock, what the checks look at, the writes, and telling the caches."""
    return [statement for statement in statements if not statement[0].startswith(SPARED)]


async def replay(connection: Any, statements: Sequence[Statement]) -> None:
    for sql, values, many in statements:
        if many:
            await connection.executemany(sql, values)
        else:
            await connection.fetch(sql, *values)


async def replay_in_transaction(connection: Any, statements: Sequence[Statement]) -> None:
    async with connection.transaction():
        await replay(connection, statements)


async def seconds_of(call: Call) -> float:
    began = time.perf_counter()
    await call()
    return time.perf_counter() - began


@dataclass(slots=True)
class Market:
    """The product's queries and use cases over it."""

    database: Database
    bare: Any
    statements: Statements

    async def compare(self, title: str, call: Call, *, bound: float = 2.5) -> None:
        sent = await self.statements.of(call)
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(ROUNDS):
            ours.append(await seconds_of(call))
            theirs.append(await seconds_of(lambda: replay(self.bare, sent)))
        report(title, ours, theirs, bound, len(sent))

    async def reads(self) -> None:
        caregivers, bookings = SqlCaregiverQueries(self.database), SqlBookingQueries(self.database)
        now = datetime.now(UTC)
        day = (now + timedelta(days=8)).replace(hour=9, minute=0, second=0, microsecond=0)
        tomorrow = Period(day, day + timedelta(hours=2))

        def search(**wishes: Any) -> Call:
            async def call() -> bytes:
                return msgspec.json.encode((await caregivers.search(CaregiverSearch(**wishes)))[0])

            return call

        walk = {"service": Service.DOG_WALKING, "radius_km": 20.0, **GENT}
        free = FreeThen(period=tomorrow, pets=1, now=now)
        for title, wishes in {
            "search near Gent": walk,
            "the same by price": walk | {"order": SearchOrder.PRICE},
            "who reaches Gent": GENT,
            "search everywhere, best": {},
            "search everywhere, rating": {"order": SearchOrder.RATING},
            "free near Gent": walk | {"free": free},
            "free everywhere, rating": {"order": SearchOrder.RATING, "free": free},
            "free everywhere, best": {"free": free},
        }.items():
            await self.compare(title, search(**wishes))
        page, owner = CaregiverId(caregiver_id(1)), Actor(account_id=AccountId(account_id(17)))
        await self.compare("caregiver page", lambda: encoded(caregivers.page(page)))
        month = Period(now, now + timedelta(days=31))
        await self.compare("calendar of a month", lambda: SqlCalendarQueries(self.database).calendar(page, month))

        async def mine() -> object:
            return await bookings.of_account(
                viewer=owner, role=None, statuses=(), starts_from=None, starts_before=None, limit=20, cursor=None
            )

        await self.compare("my bookings", lambda: encoded(mine()))

    async def requests(self) -> None:
        """Each is another caregiver's, so that none waits for a place."""
        asked = iter(await self._quotes(2 * (ROUNDS + WARM_UP)))
        ours: list[float] = []
        theirs: list[float] = []
        sent: list[Statement] = []
        for _ in range(ROUNDS + WARM_UP):
            owner, quote_id = next(asked)
            ours.append(await seconds_of(lambda: self._request(owner, quote_id, undone=False)))  # noqa: B023
            owner, quote_id = next(asked)
            sent = by_hand(await self.statements.of(lambda: self._request(owner, quote_id, undone=True)))  # noqa: B023
            theirs.append(await seconds_of(lambda: replay_in_transaction(self.bare, sent)))  # noqa: B023
        report("booking request", ours[WARM_UP:], theirs[WARM_UP:], 3.0, len(sent))

    async def _quotes(self, count: int) -> list[tuple[Actor, QuoteId]]:
        units = unit_of_work(self.database, undone=False)
        create = CreateQuote(unit_of_work=units, holidays=HolidaysCalendar(), clock=SystemClock(), ids=Uuid7Ids())
        start = (datetime.now(UTC) + timedelta(days=200)).replace(hour=10, minute=0, second=0, microsecond=0)
        quotes: list[tuple[Actor, QuoteId]] = []
        for number, row in enumerate(await self.bare.fetch(ALWAYS_OPEN_WALKERS, count)):
            owner = Actor(account_id=AccountId(account_id(number)))
            made = await create.execute(
                owner=owner,
                caregiver_id=CaregiverId(row["caregiver_id"]),
                service=Service.DOG_WALKING,
                period=Period(start, start + timedelta(hours=1)),
                pet_ids=[PetId(pet_id(number))],
            )
            quotes.append((owner, QuoteId(made.id)))
        return quotes

    async def _request(self, owner: Actor, quote_id: QuoteId, *, undone: bool) -> None:
        units = unit_of_work(self.database, undone=undone)
        request = RequestBooking(unit_of_work=units, clock=SystemClock(), ids=Uuid7Ids())
        with suppress(_Undone):
            await request.execute(owner=owner, quote_id=quote_id, care=CARE)


def unit_of_work(database: Database, *, undone: bool) -> SqlUnitOfWorkFactory:
    """Writes down what becomes untrue, as the product does, and tells nobody. With `undone` nothing is committed."""
    journal = SqlInvalidationJournal(database, clock=SystemClock(), ids=Uuid7Ids())

    async def nothing() -> None:
        return None

    async def record(connection: AsyncConnection, tags: Collection[str]) -> AfterCommit:
        await journal.record(connection, tags)
        if undone:
            raise _Undone
        return nothing

    async def forget(tags: Collection[str]) -> None:
        del tags

    return SqlUnitOfWorkFactory(
        database, clock=SystemClock(), ids=Uuid7Ids(), invalidate=forget, wake_relay=lambda: None, record=record
    )


async def encoded(answer: Awaitable[object]) -> bytes:
    return msgspec.json.encode(await answer)


def report(title: str, ours: Sequence[float], theirs: Sequence[float], bound: float, statements: int) -> None:
    own, bare = statistics.median(ours) * 1000, statistics.median(theirs) * 1000
    verdict = "" if own <= bound * bare else f"  above {bound}"
    print(f"{title:<28}{own:10.2f}{bare:10.2f}{own / bare:8.2f}{statements:12}{verdict}", flush=True)


async def measure(url: str) -> None:
    database = Database(database_url(url, Path()), pooled_elsewhere=False)
    statements = Statements(database)
    bare = await asyncpg.connect(url)
    print(f"{'milliseconds, median':<28}{'product':>10}{'bare':>10}{'ratio':>8}{'statements':>12}")
    market = Market(database, bare, statements)
    await market.reads()
    await market.requests()
    await bare.close()
    await database.dispose()


def main(caregivers: int = 100_000, bookings: int = 1_000_000) -> None:
    postgres = PostgresProcess(postgres_binaries())
    try:
        url = create_database(postgres.start(), "market")
        asyncio.run(migrate(database_url(url, Path())))
        fill(url, caregivers)
        asyncio.run(sign_in(url, "nobody looks at it", OWNERS))
        fill_bookings(url, caregivers=caregivers, bookings=bookings)
        print(f"{caregivers} caregivers, {bookings} bookings")
        uvloop.run(measure(url))
    finally:
        postgres.stop()


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
