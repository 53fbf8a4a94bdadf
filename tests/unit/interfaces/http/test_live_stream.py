"""What a stream tells of what came about, and what it does not tell again."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from application.operations.happenings import MOST_SHOWN, Happening, ShowHappenings
from application.operations.live_view import LiveView
from application.ports.breaker_history import BreakerChange
from application.ports.circuit_breakers import BreakerState
from application.use_cases import build_use_cases
from interfaces.http.live_stream import events
from tests.support.builders import NOW
from tests.support.in_memory_adapters import in_memory_adapters

SECOND = timedelta(seconds=1)


def happening(number: int) -> Happening:
    return Happening(key=f"{number:03}", kind="breaker", name="email", what="open", detail="", at=NOW + number * SECOND)


async def views(*shown: Sequence[Happening]) -> AsyncGenerator[LiveView]:
    for happenings in shown:
        yield LiveView(at=NOW, is_current=True, happenings=happenings)


@pytest.fixture
def show(tmp_path: Path) -> ShowHappenings:
    return build_use_cases(in_memory_adapters(tmp_path)).show_happenings


async def told(shown: AsyncGenerator[LiveView], show: ShowHappenings, since: datetime | None = None) -> list[str]:
    keys: list[str] = []
    async for chunk in events(shown, since, show):
        for event in chunk.decode().split("\n\n"):
            if event.startswith("event: breaker"):
                keys.append(msgspec.json.decode(event.partition("data: ")[2])["key"])
    return keys


async def test_what_is_new_is_told_once_in_the_order_it_came_about(show: ShowHappenings) -> None:
    first, second, third = happening(1), happening(2), happening(3)
    shown = views([first], [third, second, first], [third, second, first], [third])
    assert await told(shown, show) == ["002", "003"]


async def test_what_comes_back_into_the_page_is_not_told_again(show: ShowHappenings) -> None:
    """A dead job that is tried again makes room for what had left it."""
    first, second, third = happening(1), happening(2), happening(3)
    assert await told(views([second, first], [third, second], [second, first]), show) == ["003"]


async def test_after_a_break_more_than_a_page_is_told_whole(tmp_path: Path) -> None:
    adapters = in_memory_adapters(tmp_path)
    show = build_use_cases(adapters).show_happenings
    changes = [
        BreakerChange(
            id=adapters.ids.new(),
            name=f"breaker {number}",
            from_state=BreakerState.CLOSED,
            to_state=BreakerState.OPEN,
            at=NOW + number * SECOND,
            reason="",
            process="host:1",
        )
        for number in range(MOST_SHOWN + 10)
    ]
    await adapters.breaker_history.add(changes)
    page = await show.execute(since=NOW, whole_since=NOW + timedelta(hours=1))
    assert len(page) == MOST_SHOWN
    since = changes[5].at
    assert await told(views(page, page), show, since) == [str(change.id) for change in changes[5:]]
