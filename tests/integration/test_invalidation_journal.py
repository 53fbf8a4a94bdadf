"""What the journal of invalidations answers when it holds a lot, as after an hour without Redis."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from infrastructure.cache import sql_invalidation_journal
from infrastructure.cache.invalidation import Invalidation
from infrastructure.cache.invalidations import KEPT_SECONDS, Invalidations
from infrastructure.cache.sql_invalidation_journal import MOST_AT_ONCE, MOST_READ, SqlInvalidationJournal
from infrastructure.clock.system_clock import SystemClock
from infrastructure.persistence.operations.cache_invalidation_tables import cache_invalidations
from tests.support.polling import until
from tests.support.stores import Store

LONG_AGO, LATELY = timedelta(hours=1), timedelta(seconds=5)


@pytest.fixture
def journal(store: Store) -> SqlInvalidationJournal:
    return SqlInvalidationJournal(store.database, clock=SystemClock(), ids=store.ids)


async def _write(store: Store, count: int, *, ago: timedelta) -> set[UUID]:
    created_at = datetime.now(UTC) - ago
    rows = [{"id": uuid4(), "tags": ["a", f"b{number}"], "created_at": created_at} for number in range(count)]
    async with store.database.begin() as connection:
        await connection.execute(cache_invalidations.insert(), rows)
    return {row["id"] for row in rows}


async def test_a_look_reads_what_is_new(store: Store, journal: SqlInvalidationJournal) -> None:
    old, new = await _write(store, 3, ago=LONG_AGO), await _write(store, 2, ago=LATELY)
    assert {found.id for found in await journal.read(back_seconds=30)} == new
    assert {found.id for found in await journal.read(back_seconds=None)} == old | new


async def test_what_was_written_is_read_again(journal: SqlInvalidationJournal) -> None:
    written = [await journal.write(["a", "b"]), await journal.write(None)]
    assert sorted(await journal.read(back_seconds=30), key=lambda found: found.id) == written


async def test_more_than_can_be_read_is_everything(store: Store, journal: SqlInvalidationJournal) -> None:
    await _write(store, MOST_READ, ago=LATELY)
    assert len(await journal.read(back_seconds=None)) == MOST_READ
    await _write(store, 1, ago=LATELY)
    for back_seconds in (None, 30):
        (everything,) = await journal.read(back_seconds=back_seconds)
        assert everything.tags is None


async def test_one_of_everything_takes_the_place_of_much_that_was_left_behind(
    store: Store, journal: SqlInvalidationJournal
) -> None:
    few = await _write(store, MOST_AT_ONCE, ago=LONG_AGO)
    assert {left.id for left in await journal.read_left_behind()} == few
    new = await _write(store, 1, ago=LATELY)
    await _write(store, 1, ago=LONG_AGO)
    (everything,) = await journal.read_left_behind()
    assert everything.tags is None
    assert {row["id"] for row in await store.rows(cache_invalidations)} == new | {everything.id}
    # Who has looked all the time need not forget everything.
    assert {found.id for found in await journal.read(back_seconds=30)} == new


async def test_who_looks_again_reads_no_more_than_came_since(
    store: Store, journal: SqlInvalidationJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _write(store, 2, ago=LONG_AGO)
    heard = list[UUID]()
    looking = Invalidations(
        drop=lambda invalidation: heard.append(invalidation.id), doubt=lambda: None, redis=None, journal=journal
    )
    assert await looking.look()
    assert len(heard) == 2
    monkeypatch.setattr(sql_invalidation_journal, "MOST_READ", 1)
    new = await journal.write(["a"])
    assert await looking.look()
    assert heard[2:] == [new.id]


async def test_who_is_answered_late_may_have_missed_something(
    journal: SqlInvalidationJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, doubts, read = [100.0], list[float](), journal.read
    looking = Invalidations(
        drop=lambda _: None, doubt=lambda: doubts.append(now[0]), redis=None, journal=journal, monotonic=lambda: now[0]
    )

    async def read_late(*, back_seconds: float | None) -> Sequence[Invalidation]:
        now[0] += KEPT_SECONDS
        return await read(back_seconds=back_seconds)

    assert await looking.look()
    doubts.clear()
    monkeypatch.setattr(journal, "read", read_late)
    assert await looking.look()
    assert doubts == [100 + KEPT_SECONDS]


async def test_who_is_told_nothing_looks_by_himself_and_need_not_doubt(journal: SqlInvalidationJournal) -> None:
    now, heard, doubts = [100.0], list[UUID](), list[float]()
    looking = Invalidations(
        drop=lambda invalidation: heard.append(invalidation.id),
        doubt=lambda: doubts.append(now[0]),
        redis=None,
        journal=journal,
        monotonic=lambda: now[0],
    )
    assert await looking.look()
    doubts.clear()
    running = asyncio.create_task(looking.run())
    for _ in range(4):
        written = await journal.write(["a"])
        now[0] += KEPT_SECONDS / 2
        looking.sweep_soon()
        await until(lambda written=written: written.id in heard)
    running.cancel()
    assert await looking.look()
    assert doubts == []
    now[0] += KEPT_SECONDS / 2 + 0.001
    assert await looking.look()
    assert doubts == [now[0]]
