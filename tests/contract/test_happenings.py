"""What came about lately, on both databases."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from application.operations.happenings import MOST_SHOWN, ShowHappenings
from application.ports.breaker_history import BreakerChange
from application.ports.circuit_breakers import BreakerState
from domain.operations.alert import Alert, AlertId, AlertState
from infrastructure.persistence.jobs.sql_job_queries import SqlJobQueries
from infrastructure.persistence.jobs.sql_job_records import SqlJobRecords
from infrastructure.persistence.operations.sql_alert_queries import SqlAlertQueries
from infrastructure.persistence.operations.sql_breaker_history import SqlBreakerHistory
from tests.support.builders import NOW
from tests.support.stores import Store

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def show(store: Store) -> ShowHappenings:
    database = store.database
    return ShowHappenings(
        alert_queries=SqlAlertQueries(database),
        breaker_history=SqlBreakerHistory(database),
        job_queries=SqlJobQueries(database),
    )


async def alert(store: Store, *, started: datetime | None, resolved: datetime | None = None) -> AlertId:
    made = Alert(
        id=AlertId(store.ids.new()),
        rule="breaker_open",
        subject=f"breaker {started} {resolved}",
        value=1,
        since=NOW - DAY,
        last_seen_at=NOW,
        state=AlertState.PENDING if started is None else AlertState.FIRING if resolved is None else AlertState.RESOLVED,
        started_at=started,
        resolved_at=resolved,
    )
    async with store.unit_of_work() as uow:
        await uow.alerts.save([made])
    return made.id


async def change_breakers(store: Store, count: int, *, every: timedelta = SECOND) -> list[UUID]:
    """The last of them now."""
    changes = [
        BreakerChange(
            id=store.ids.new(),
            name=f"breaker {number}",
            from_state=BreakerState.CLOSED,
            to_state=BreakerState.OPEN,
            at=NOW - (count - 1 - number) * every,
            reason="5 failures in a row",
            process="host:1",
        )
        for number in range(count)
    ]
    await SqlBreakerHistory(store.database).add(changes)
    return [change.id for change in changes]


async def die(store: Store) -> UUID:
    records = SqlJobRecords(store.database, clock=store.clock, ids=store.ids)
    async with store.unit_of_work() as uow:
        job_id = await uow.jobs.enqueue("tests.run", {}, queue="default")
    assert job_id is not None
    job = await records.claim(job_id)
    assert job is not None
    await records.bury(job, error="no more")
    return job_id


async def test_breakers_alerts_and_dead_jobs_stand_together_the_youngest_first(
    store: Store, show: ShowHappenings
) -> None:
    (opened,) = await change_breakers(store, 1)
    store.clock.advance(SECOND)
    fired = await alert(store, started=store.clock.now())
    store.clock.advance(SECOND)
    dead = await die(store)
    found = await show.execute(since=NOW, whole_since=NOW)
    assert [(each.kind, each.what) for each in found] == [("job", "dead"), ("alert", "firing"), ("breaker", "open")]
    assert [each.key for each in found] == [f"{dead}:1", f"{fired}:firing", str(opened)]
    assert [each.key for each in await show.execute(since=NOW + 2 * SECOND, whole_since=NOW)] == [f"{dead}:1"]


async def test_an_end_stands_after_its_beginning_also_at_the_same_instant(store: Store, show: ShowHappenings) -> None:
    await alert(store, started=NOW, resolved=NOW)
    found = await show.execute(since=NOW, whole_since=NOW)
    assert [each.what for each in reversed(found)] == ["firing", "resolved"]


async def test_an_old_alert_that_ends_is_news_and_one_that_does_not_fire_is_none(
    store: Store, show: ShowHappenings
) -> None:
    await alert(store, started=None)
    ended = await alert(store, started=NOW - DAY, resolved=NOW)
    assert [each.key for each in await show.execute(since=NOW - SECOND, whole_since=NOW)] == [f"{ended}:resolved"]


async def test_more_than_a_page_since_the_last_look_is_told_whole(store: Store, show: ShowHappenings) -> None:
    count = 2 * MOST_SHOWN
    changes = await change_breakers(store, count)
    since = NOW - 10 * DAY
    for whole_since in (NOW, NOW - (MOST_SHOWN - 2) * SECOND):
        assert len(await show.execute(since=since, whole_since=whole_since)) == MOST_SHOWN
    whole = await show.execute(since=since, whole_since=NOW - (count - 2) * SECOND)
    assert [each.key for each in reversed(whole)] == [str(change) for change in changes[1:]]


async def test_an_old_beginning_makes_no_page_of_alerts_look_whole(store: Store, show: ShowHappenings) -> None:
    count = MOST_SHOWN + 5
    ended = [await alert(store, started=NOW - DAY, resolved=NOW - number * SECOND) for number in range(count)]
    found = await show.execute(since=NOW - 2 * DAY, whole_since=NOW - count * SECOND)
    assert [each.key for each in found if each.what == "resolved"] == [f"{alert_id}:resolved" for alert_id in ended]
