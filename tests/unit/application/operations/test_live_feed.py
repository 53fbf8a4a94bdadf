"""One look a second for all who watch, and none for nobody."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from application.deadline import seconds_left, within_deadline
from application.operations.live_feed import LiveFeed
from application.operations.live_view import LiveView
from application.use_cases import build_use_cases
from domain.accounts.session import SessionId
from domain.shared.errors import Unavailable
from infrastructure.persistence.operations.sql_alert_queries import SqlAlertQueries
from tests.support.builders import NOW, identified
from tests.support.in_memory_adapters import in_memory_adapters
from tests.support.polling import until


class Looks:
    """Counts them; each view tells which look it came from."""

    def __init__(self) -> None:
        self.count = 0
        self.error: Exception | None = None

    async def __call__(self) -> LiveView:
        if self.error is not None:
            raise self.error
        self.count += 1
        return LiveView(at=NOW + timedelta(seconds=self.count), is_current=True)


async def everybody(session_ids: Collection[SessionId]) -> Collection[SessionId]:
    return session_ids


class Door:
    """Who may go on watching, and how often that was asked."""

    def __init__(self) -> None:
        self.refused = set[SessionId]()
        self.asked = list[set[SessionId]]()
        self.is_away = False

    async def __call__(self, session_ids: Collection[SessionId]) -> Collection[SessionId]:
        self.asked.append(set(session_ids))
        if self.is_away:
            raise Unavailable
        return set(session_ids) - self.refused


@pytest.fixture
def looks() -> Looks:
    return Looks()


async def first(feed: LiveFeed) -> LiveView:
    views = feed.views()
    try:
        return await anext(views)
    finally:
        await views.aclose()


async def test_a_look_has_little_time_whoever_it_is_for() -> None:
    """What hangs below keeps deadlines: it must not keep the look."""
    left = list[float | None]()

    async def look() -> LiveView:
        left.append(seconds_left())
        return LiveView(at=NOW, is_current=True)

    await first(LiveFeed(look, everybody, patience_seconds=3))
    assert left[0] is not None
    assert 0 < left[0] <= 3


class HungAlerts(SqlAlertQueries):
    """Of a database that takes questions and answers none: given up at the deadline, as statements are."""

    async def alerts(self, *_: object, **__: object) -> NoReturn:
        async with within_deadline():
            await asyncio.Event().wait()
        raise AssertionError("there is a deadline")


async def test_what_is_seen_of_a_database_that_hangs_is_marked_as_old(tmp_path: Path) -> None:
    adapters = in_memory_adapters(tmp_path)
    assert isinstance(adapters.alert_queries, SqlAlertQueries)
    hung = HungAlerts(adapters.alert_queries._database)
    look = build_use_cases(replace(adapters, alert_queries=hung)).live_feed._look
    assert not (await first(LiveFeed(look, everybody, patience_seconds=0.5))).is_current


async def test_nobody_looks_for_nobody(looks: Looks) -> None:
    feed = LiveFeed(looks, everybody, every_seconds=0.001)
    await first(feed)
    await until(lambda: feed.watchers == 0)
    seen = looks.count
    await asyncio.sleep(0.05)
    # The look that was under way when the last one left.
    assert looks.count <= seen + 1
    await feed.stop()


async def test_all_who_watch_share_one_look(looks: Looks) -> None:
    feed = LiveFeed(looks, everybody, every_seconds=60)
    seen = await asyncio.gather(*(first(feed) for _ in range(20)))
    assert {view.at for view in seen} == {NOW + timedelta(seconds=1)}
    assert looks.count == 1
    await feed.stop()


async def test_whoever_is_slow_skips_what_he_missed(looks: Looks) -> None:
    feed = LiveFeed(looks, everybody, every_seconds=0.001)
    views = feed.views()
    began = await anext(views)
    await until(lambda: looks.count > 10)
    assert (await anext(views)).at - began.at > timedelta(seconds=5)
    await views.aclose()
    await feed.stop()


async def test_what_was_done_is_seen_at_once(looks: Looks) -> None:
    feed = LiveFeed(looks, everybody, every_seconds=60)
    views = feed.views()
    began = await anext(views)
    feed.look_now()
    assert (await anext(views)).at > began.at
    await views.aclose()
    await feed.stop()


async def test_all_streams_end_with_the_feed(looks: Looks) -> None:
    feed = LiveFeed(looks, everybody, every_seconds=60)

    async def watch() -> int:
        return len([view async for view in feed.views()])

    watching = [asyncio.create_task(watch()) for _ in range(5)]
    await until(lambda: feed.watchers == 5 and looks.count == 1)
    await asyncio.sleep(0)
    feed.end()
    assert await asyncio.gather(*watching) == [1] * 5
    assert await first_or_none(feed) is None
    await feed.stop()


async def test_whoever_watches_long_has_to_come_again(looks: Looks) -> None:
    # A second passes with each look.
    feed = LiveFeed(looks, everybody, every_seconds=0.001, longest_seconds=50, monotonic=lambda: looks.count)
    seen = [view.at async for view in feed.views()]
    assert seen
    assert seen == sorted(set(seen))
    assert looks.count >= 50
    assert (await first(feed)).at >= seen[-1]
    await feed.stop()


async def first_or_none(feed: LiveFeed) -> LiveView | None:
    return await anext(feed.views(), None)


async def test_an_unforeseen_error_reaches_those_who_watch_and_the_next_may_try_again(looks: Looks) -> None:
    feed, looks.error = LiveFeed(looks, everybody, every_seconds=0.001), LookupError("unforeseen")
    for _ in range(2):
        with pytest.raises(LookupError):
            await first(feed)
    looks.error = None
    assert await first(feed)
    await feed.stop()


SESSIONS = [SessionId(identified(f"session {number}")) for number in range(50)]


async def test_a_stream_ends_when_its_session_does_and_all_are_asked_for_at_once(looks: Looks) -> None:
    door = Door()
    feed = LiveFeed(looks, door, every_seconds=0.001, admitted_seconds=0)
    ended = set[SessionId]()

    async def watch(session_id: SessionId) -> None:
        async for _ in feed.views(session_id):
            continue
        ended.add(session_id)

    watching = [asyncio.create_task(watch(session_id)) for session_id in (*SESSIONS, SESSIONS[0])]
    await until(lambda: set(SESSIONS) in door.asked)
    door.refused = {SESSIONS[0], SESSIONS[1]}
    await until(lambda: ended == door.refused and feed.watchers == len(SESSIONS) - 2)
    asked = len(door.asked)
    await until(lambda: len(door.asked) > asked + 2)
    assert door.asked[-1] == set(SESSIONS[2:])
    assert feed.watchers == len(SESSIONS) - 2
    feed.end()
    await asyncio.gather(*watching)
    await feed.stop()


async def test_it_is_asked_every_few_seconds_only(looks: Looks) -> None:
    door = Door()
    feed = LiveFeed(looks, door, every_seconds=0.001, admitted_seconds=3600)
    views = feed.views(SESSIONS[0])
    await anext(views)
    await until(lambda: looks.count > 20)
    assert door.asked == []
    await views.aclose()
    await feed.stop()


async def test_nobody_is_turned_out_because_it_cannot_be_told(looks: Looks) -> None:
    door = Door()
    door.is_away, door.refused = True, set(SESSIONS)
    feed = LiveFeed(looks, door, every_seconds=0.001, admitted_seconds=0)
    views = feed.views(SESSIONS[0])
    await anext(views)
    await until(lambda: len(door.asked) > 5)
    assert await anext(views)
    door.is_away = False
    assert len([view async for view in views]) <= 2
    await feed.stop()
