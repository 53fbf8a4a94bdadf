"""The promises of grouping errors."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from application.ports.error_groups import MOST_GROUPS, SeenErrors
from domain.operations.error_group import CodeFrame, ErrorSighting
from infrastructure.persistence.operations.sql_error_groups import SqlErrorGroups
from infrastructure.persistence.operations.sql_housekeeping import KEPT, SqlHousekeeping
from infrastructure.persistence.operations.watch_tables import error_groups
from tests.support.builders import NOW
from tests.support.stores import Store

RELEASE = "1.2.3"


@pytest.fixture
def groups(store: Store) -> SqlErrorGroups:
    return SqlErrorGroups(store.database, release=RELEASE)


def seen(place: str = "GET /api/home", *, at: datetime = NOW, line: int = 7, count: int = 1) -> SeenErrors:
    frame = CodeFrame(module="application.x", function="X.execute", line=line, source="raise ValueError(name)")
    sighting = ErrorSighting(kind="ValueError", place=place, frames=(frame,), at=at)
    return SeenErrors(sighting=sighting, first_seen_at=at, last_seen_at=at, count=count)


async def test_what_processes_saw_is_added_up(groups: SqlErrorGroups) -> None:
    later = NOW + timedelta(minutes=5)
    await groups.add([seen(count=2)])
    # Another line of the same function: something was added above.
    await groups.add([seen(at=later, line=9, count=3)])
    (group,) = await groups.recent(limit=10)
    assert (group.count, group.first_seen_at, group.last_seen_at) == (5, NOW, later)
    assert (group.kind, group.place, group.message) == ("ValueError", "GET /api/home", "raise ValueError(name)")
    assert group.frames == ["application.x:7 in X.execute"]
    assert group.release == RELEASE


async def test_those_seen_last_come_first(groups: SqlErrorGroups) -> None:
    await groups.add([seen(f"job {number}", at=NOW + timedelta(minutes=number)) for number in range(3)])
    assert [group.place for group in await groups.recent(limit=2)] == ["job 2", "job 1"]


async def test_only_so_many_are_kept(groups: SqlErrorGroups) -> None:
    await groups.add([seen(f"job {number}", at=NOW + timedelta(minutes=number)) for number in range(MOST_GROUPS + 3)])
    kept = await groups.recent(limit=MOST_GROUPS + 10)
    assert len(kept) == MOST_GROUPS
    assert kept[-1].place == "job 3"


async def test_what_was_not_seen_for_long_goes(store: Store, groups: SqlErrorGroups) -> None:
    await groups.add([seen("old"), seen("young", at=NOW + timedelta(minutes=2))])
    await SqlHousekeeping(store.database).clean_up(now=NOW + KEPT + timedelta(minutes=1))
    assert [group.place for group in await groups.recent(limit=10)] == ["young"]


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
async def test_nobody_waits_for_an_old_group_that_another_process_writes_about(
    store: Store, groups: SqlErrorGroups
) -> None:
    """SQLite has one writer, who waits for nobody."""
    await groups.add([seen(f"job {number}", at=NOW + timedelta(minutes=number)) for number in range(MOST_GROUPS)])
    oldest = update(error_groups).where(error_groups.c.place == "job 0").values(count=9)
    async with store.database.begin() as connection:
        await connection.execute(oldest)
        async with asyncio.timeout(60):
            await groups.add([seen("job new", at=NOW + timedelta(days=1))])
    kept = [group.place for group in await groups.recent(limit=MOST_GROUPS + 10)]
    assert len(kept) == MOST_GROUPS
    assert {"job 0", "job new"} <= set(kept)
    assert "job 1" not in kept
