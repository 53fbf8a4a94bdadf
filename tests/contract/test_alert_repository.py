"""The promises of keeping alerts."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.alert_repository import REMEMBERED
from domain.operations.alert import Alert, AlertId, AlertNotFound, AlertState
from infrastructure.persistence.constraint_errors import AlreadyExists
from infrastructure.persistence.operations.sql_alert_queries import SqlAlertQueries
from infrastructure.persistence.operations.sql_housekeeping import KEPT, SqlHousekeeping
from tests.support.builders import NOW
from tests.support.stores import Store


def an_alert(store: Store, subject: str = "email", *, state: AlertState = AlertState.FIRING) -> Alert:
    is_over = state is AlertState.RESOLVED
    return Alert(
        id=AlertId(store.ids.new()),
        rule="breaker_open",
        subject=subject,
        value=1,
        since=NOW,
        last_seen_at=NOW,
        state=state,
        started_at=NOW,
        notified_at=NOW,
        resolved_at=NOW if is_over else None,
    )


async def save(store: Store, *alerts: Alert) -> None:
    async with store.unit_of_work() as uow:
        await uow.alerts.save(alerts)


async def known(store: Store) -> list[Alert]:
    async with store.unit_of_work() as uow:
        return sorted(await uow.alerts.known(), key=lambda alert: alert.id)


async def test_an_alert_is_read_as_it_was_saved_and_changed(store: Store) -> None:
    alert = an_alert(store)
    await save(store, alert)
    assert await known(store) == [alert]
    changed = replace(alert, value=2, silenced_until=NOW + timedelta(hours=1), silence_reason="known")
    await save(store, changed)
    assert await known(store) == [changed]
    async with store.unit_of_work() as uow:
        assert await uow.alerts.get(alert.id) == changed


async def test_a_silence_that_is_ordered_during_a_look_is_kept(store: Store) -> None:
    alert = an_alert(store)
    await save(store, alert)

    async def silence() -> None:
        async with store.unit_of_work() as uow:
            silenced = await uow.alerts.get(alert.id)
            silenced.silence(until=NOW + timedelta(hours=1), reason="known")
            await uow.alerts.save([silenced])

    async with store.unit_of_work() as uow:
        (seen,) = await uow.alerts.known()
        silencing = asyncio.create_task(silence())
        await asyncio.wait([silencing], timeout=0.2)
        seen.value = 3
        await uow.alerts.save([seen])
    await silencing
    (kept,) = await known(store)
    assert (kept.value, kept.silence_reason) == (3, "known")


async def test_of_one_rule_about_one_thing_one_is_open(store: Store) -> None:
    await save(store, an_alert(store), an_alert(store, "payments"), an_alert(store, state=AlertState.RESOLVED))
    with pytest.raises(AlreadyExists):
        await save(store, an_alert(store))
    assert len(await known(store)) == 3


async def test_one_that_never_fired_leaves_no_trace(store: Store) -> None:
    pending = replace(an_alert(store, state=AlertState.PENDING), started_at=None, notified_at=None)
    await save(store, pending)
    assert await known(store) == [pending]
    await save(store, replace(pending, state=AlertState.RESOLVED, resolved_at=NOW))
    assert await known(store) == []


async def test_those_that_ended_are_known_for_a_while_and_while_they_are_silenced(store: Store) -> None:
    silenced = replace(
        an_alert(store, "payments", state=AlertState.RESOLVED), silenced_until=NOW + REMEMBERED + timedelta(minutes=5)
    )
    await save(store, an_alert(store, state=AlertState.RESOLVED), silenced)
    assert len(await known(store)) == 2
    store.clock.advance(REMEMBERED)
    assert await known(store) == [silenced]
    store.clock.advance(timedelta(minutes=5))
    assert await known(store) == []


async def test_an_unknown_alert_is_told_apart(store: Store) -> None:
    async with store.unit_of_work() as uow:
        with pytest.raises(AlertNotFound):
            await uow.alerts.get(AlertId(store.ids.new()))


async def test_the_list_is_paged_newest_first_and_by_state(store: Store) -> None:
    alerts = [an_alert(store, str(number)) for number in range(3)]
    over = an_alert(store, "over", state=AlertState.RESOLVED)
    await save(store, *alerts, over)
    queries = SqlAlertQueries(store.database)
    first, after = await queries.alerts(None, limit=2, after=None)
    rest, end = await queries.alerts(None, limit=2, after=after)
    assert [view.id for view in first + rest] == [alert.id for alert in (over, *alerts[::-1])]
    assert end is None
    (resolved,), _ = await queries.alerts(AlertState.RESOLVED, limit=5, after=None)
    assert (resolved.id, resolved.title) == (over.id, "Circuit breaker over opened")
    assert resolved.runbook == "docs/runbooks/breaker-open.md"
    assert await queries.named([alerts[1].id, alerts[0].id]) == alerts[:2]


async def test_what_ended_long_ago_goes(store: Store) -> None:
    still_open = an_alert(store)
    await save(store, still_open, an_alert(store, state=AlertState.RESOLVED))
    await SqlHousekeeping(store.database).clean_up(now=NOW + KEPT + timedelta(minutes=1))
    assert await known(store) == [still_open]
