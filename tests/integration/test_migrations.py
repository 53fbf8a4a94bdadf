"""The way to the newest schema and back, on both databases."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, inspect, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from domain.bookings.booking_life import BookingId
from domain.shared.period import Period
from infrastructure.clock.settable_clock import SettableClock
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.persistence.bookings.booking_tables import bookings, quote_lines, quote_pets, quotes
from infrastructure.persistence.database import Database, database_url
from infrastructure.persistence.migrations import alembic_config, newest_revision, on_connection
from infrastructure.persistence.places.place_tables import place_names
from infrastructure.persistence.schema import metadata
from tests.support.builders import NOW, OWNER, a_promotion, a_quote
from tests.support.databases import create_database, drop_database
from tests.support.stores import Store

MIGRATE = (
    "import asyncio, sys; from sqlalchemy import make_url; from infrastructure.persistence.migrations import migrate"
)
MIGRATE += "; asyncio.run(migrate(make_url(sys.argv[1])))"

Work = Callable[[Connection], Any]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """An empty database of either kind."""
    if request.param == "sqlite":
        yield database_url(None, tmp_path)
    else:
        yield from an_empty_postgres(request.getfixturevalue("postgres_server"))


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[URL]:
    yield from an_empty_postgres(postgres_server)


def an_empty_postgres(server: str) -> Iterator[URL]:
    name = f"migrations_{uuid4().hex[:12]}"
    yield database_url(create_database(server, name), Path())
    drop_database(server, name)


def revisions() -> list[str]:
    """Every revision, the oldest first."""
    return [script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()][::-1]


async def upgrade(url: URL, revision: str) -> None:
    await on_connection(url, lambda connection: command.upgrade(alembic_config(connection), revision))


async def downgrade(url: URL, revision: str) -> None:
    await on_connection(url, lambda connection: command.downgrade(alembic_config(connection), revision))


async def ask(url: URL, question: Work) -> Any:
    answers: list[Any] = []
    await on_connection(url, lambda connection: answers.append(question(connection)))
    return answers[0]


def programs(connection: Connection) -> set[str]:
    """Triggers and functions, which no inspector and no `alembic check` sees."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT name || coalesce(sql, '') FROM sqlite_master WHERE type = 'trigger'"))
    else:
        found = connection.execute(
            text(
                "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal UNION "
                "SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE pronamespace = 'public'::regnamespace"
            )
        )
    return set(found.scalars())


def tables(connection: Connection) -> dict[str, Any]:
    """Everything an inspector tells of each table, with names and conditions."""
    inspector = inspect(connection)
    assert not isinstance(inspector, Engine)
    described: dict[str, Any] = {}
    for table in inspector.get_table_names():
        if table == "alembic_version":
            continue
        described[table] = {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], str(column["default"]))
                for column in inspector.get_columns(table)
            ],
            "key": inspector.get_pk_constraint(table),
            "checks": by_name(inspector.get_check_constraints(table)),
            "uniques": by_name(inspector.get_unique_constraints(table)),
            "foreign keys": by_name(inspector.get_foreign_keys(table)),
            "indexes": by_name(inspector.get_indexes(table)),
        }
    return described


def by_name(described: Any) -> dict[str, str]:
    return {str(one["name"]): plain(one) for one in described}


def plain(value: Any) -> str:
    """Comparable, whatever objects an inspector puts in."""
    if isinstance(value, dict):
        return str(sorted((key, plain(inner)) for key, inner in value.items()))
    return str([plain(inner) for inner in value]) if isinstance(value, list) else str(value)


def everything(connection: Connection) -> tuple[dict[str, Any], set[str]]:
    return tables(connection), programs(connection)


async def test_every_revision_goes_up_down_and_up_again(url: URL) -> None:
    for revision in revisions():
        before = await ask(url, everything)
        await upgrade(url, revision)
        after = await ask(url, everything)
        assert after != before
        await downgrade(url, "-1")
        assert await ask(url, everything) == before, f"going down from {revision} leaves something"
        await upgrade(url, revision)
        assert await ask(url, everything) == after


async def test_all_the_way_down_leaves_nothing(url: URL) -> None:
    await upgrade(url, "head")
    await downgrade(url, "base")
    assert await ask(url, everything) == ({}, set())
    await upgrade(url, "head")
    assert set((await ask(url, everything))[0]) == set(metadata.tables)


async def test_going_up_twice_changes_nothing(url: URL) -> None:
    await upgrade(url, "head")
    before = await ask(url, everything)
    await upgrade(url, "head")
    assert await ask(url, everything) == before


async def test_the_newest_revision_is_what_a_migrated_database_says(url: URL) -> None:
    await upgrade(url, "head")
    said = await ask(url, lambda connection: connection.execute(text("SELECT version_num FROM alembic_version")).all())
    assert [row[0] for row in said] == [newest_revision()]
    assert len(ScriptDirectory.from_config(alembic_config()).get_heads()) == 1


async def test_alembic_finds_no_difference_between_the_tables_and_the_migrated_schema(url: URL) -> None:
    await upgrade(url, "head")
    await on_connection(url, lambda connection: command.check(alembic_config(connection)))


async def test_the_migrated_schema_is_the_tables_to_the_last_check_and_index(url: URL) -> None:
    """`alembic check` compares neither checks nor the conditions of partial indexes."""
    await on_connection(url, metadata.create_all)
    made = await ask(url, tables)
    await on_connection(url, metadata.drop_all)
    await upgrade(url, "head")
    migrated = await ask(url, tables)
    assert set(migrated) == set(made)
    for table, description in made.items():
        for part, expected in description.items():
            assert migrated[table][part] == expected, f"{part} of {table}"


async def test_the_capacity_guarantee_is_in_the_newest_schema(url: URL) -> None:
    await upgrade(url, "head")
    found = await ask(url, programs)
    on_occupancies = [program for program in found if "ON occupancies" in program or "ON public.occupancies" in program]
    for event in ("INSERT", "UPDATE"):
        assert any(f"BEFORE {event}" in program or f"OR {event}" in program for program in on_occupancies), event


async def test_what_was_completed_disputed_or_cancelled_for_a_fee_before_there_were_columns_for_it_is_known(
    url: URL,
) -> None:
    await upgrade(url, "head")
    store = Store(database=Database(url), url=url, clock=SettableClock(NOW), ids=Uuid7Ids())
    await store.people()
    bookings = [await _settled(store, day) for day in range(4)]
    before = [await store.booking(booking_id) for booking_id in bookings]
    assert [booking.status.value for booking in before] == ["completed", "disputed", "cancelled", "paid"]
    await store.database.dispose()
    await downgrade(url, "0010")
    await upgrade(url, "head")
    assert [await store.booking(booking_id) for booking_id in bookings] == before
    await store.database.dispose()


async def _settled(store: Store, day: int) -> BookingId:
    """Completed, disputed, cancelled for a fee, or paid, by the number of its day."""
    start = NOW + timedelta(days=7 + day, microseconds=123_000)
    booking_id = await store.book(Period(start, start + timedelta(hours=1)), instant_book=True)
    await store.pay(booking_id)
    async with store.unit_of_work() as uow:
        booking = await uow.bookings.get(booking_id, for_update=True)
        if day in (0, 1):
            booking.complete(at=start + timedelta(days=2))
        if day == 1:
            booking.open_dispute(by=OWNER, at=start + timedelta(days=3), reason="Nobody came")
        if day == 2:
            booking.cancel(by=OWNER, at=start - timedelta(hours=1))
        await uow.bookings.save(booking)
    return booking_id


async def test_quotes_come_through_the_way_back_unless_a_promotion_made_one_cheaper(url: URL) -> None:
    await upgrade(url, "head")
    store = Store(database=Database(url), url=url, clock=SettableClock(NOW), ids=Uuid7Ids())
    await store.people()
    await store.book()
    kept = (quotes, quote_lines, quote_pets, bookings)
    before = [await store.rows(table) for table in kept]
    assert all(before)
    await store.database.dispose()
    await downgrade(url, "0024")
    await upgrade(url, "head")
    assert [await store.rows(table) for table in kept] == before
    async with store.unit_of_work() as uow:
        await uow.promotions.add(a_promotion())
        await uow.quotes.add(replace(a_quote(), promotion_id=a_promotion().id))
    before = [await store.rows(table) for table in kept]
    await store.database.dispose()
    with pytest.raises(Exception, match="There are quotes at promotions"):
        await downgrade(url, "0024")
    # Later revisions may have gone back before; nothing of theirs is in use here.
    await upgrade(url, "head")
    assert [await store.rows(table) for table in kept] == before
    await store.database.dispose()


@pytest.fixture
async def migrated(url: URL) -> AsyncIterator[Database]:
    await upgrade(url, "head")
    database = Database(url)
    yield database
    await database.dispose()


async def test_foreign_keys_are_enforced(migrated: Database) -> None:
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"):
        async with migrated.begin() as connection:
            await connection.execute(place_names.insert().values(place_id=1, folded="nowhere", canonical=True))


async def test_two_processes_may_migrate_at_once(postgres_url: URL) -> None:
    """Both find the schema and the gazetteer as one of them made it."""
    target = postgres_url.render_as_string(hide_password=False)
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, target, stderr=asyncio.subprocess.PIPE)
        for _ in range(2)
    ]
    outputs = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0, 0], outputs
    names = select(func.count(place_names.c.place_id.distinct()))
    assert await ask(postgres_url, lambda connection: connection.execute(names).scalar_one()) > 4000
