"""One look a second for all who watch, and none for nobody."""

import asyncio
from datetime import timedelta

import pytest

from application.operations.live_feed import LiveFeed
from application.operations.live_view import LiveView
from tests.support.builders import NOW
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


@pytest.fixture
def looks() -> Looks:
    return Looks()


async def first(feed: LiveFeed) -> LiveView:
    views = feed.views()
    try:
        return await anext(views)
    finally:
        await views.aclose()


async def test_nobody_looks_for_nobody(looks: Looks) -> None:
    feed = LiveFeed(looks, every_seconds=0.001)
    await first(feed)
    await until(lambda: feed.watchers == 0)
    seen = looks.count
    await asyncio.sleep(0.05)
    # The look that was under way when the last one left.
    assert looks.count <= seen + 1
    await feed.stop()


async def test_all_who_watch_share_one_look(looks: Looks) -> None:
    feed = LiveFeed(looks, every_seconds=60)
    seen = await asyncio.gather(*(first(feed) for _ in range(20)))
    assert {view.at for view in seen} == {NOW + timedelta(seconds=1)}
    assert looks.count == 1
    await feed.stop()


async def test_whoever_is_slow_skips_what_he_missed(looks: Looks) -> None:
    feed = LiveFeed(looks, every_seconds=0.001)
    views = feed.views()
    began = await anext(views)
    await until(lambda: looks.count > 10)
    assert (await anext(views)).at - began.at > timedelta(seconds=5)
    await views.aclose()
    await feed.stop()


async def test_what_was_done_is_seen_at_once(looks: Looks) -> None:
    feed = LiveFeed(looks, every_seconds=60)
    views = feed.views()
    began = await anext(views)
    feed.look_now()
    assert (await anext(views)).at > began.at
    await views.aclose()
    await feed.stop()


async def test_all_streams_end_with_the_feed(looks: Looks) -> None:
    feed = LiveFeed(looks, every_seconds=60)

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
    feed = LiveFeed(looks, every_seconds=0.001, longest_seconds=0.05)
    seen = [view.at async for view in feed.views()]
    assert seen == sorted(set(seen))
    await feed.stop()


async def first_or_none(feed: LiveFeed) -> LiveView | None:
    return await anext(feed.views(), None)


async def test_an_unforeseen_error_reaches_those_who_watch_and_the_next_may_try_again(looks: Looks) -> None:
    feed, looks.error = LiveFeed(looks, every_seconds=0.001), LookupError("unforeseen")
    for _ in range(2):
        with pytest.raises(LookupError):
            await first(feed)
    looks.error = None
    assert await first(feed)
    await feed.stop()
