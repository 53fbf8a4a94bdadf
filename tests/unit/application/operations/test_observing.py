"""What is looked at, each part apart."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from application.deadline import deadline_in, within_deadline
from application.operations.observe_system import INVARIANTS_EVERY, ObserveSystem
from application.ports.error_log import ErrorLog
from application.ports.system_queries import SystemQueries
from application.use_cases import build_use_cases
from domain.operations.alert_rules import Observations
from domain.shared.errors import Unavailable
from infrastructure.clock.settable_clock import SettableClock
from tests.support.in_memory_adapters import in_memory_adapters
from tests.support.passing_time import PassingTime
from tests.support.polling import until

OTHERS = {"outbox_age_seconds", "dead_jobs", "errors_of_minute", "breaker_opened_at", "reconciliation_differences"}


@dataclass
class Queries(SystemQueries):
    """One figure that takes for ever, as a statement that is given up at its deadline; or that cannot be had."""

    age: float | Exception = 7.0
    is_slow: bool = True
    asked: list[str] = field(default_factory=list[str])

    async def outbox_age_seconds(self) -> float:
        self.asked.append("outbox")
        if isinstance(self.age, Exception):
            raise self.age
        return self.age

    async def over_capacity(self) -> int:
        self.asked.append("capacity")
        if self.is_slow:
            async with within_deadline():
                await asyncio.Event().wait()
        return 3

    async def reconciliation_differences(self) -> int:
        self.asked.append("reconciliation")
        return 2


@dataclass
class Notes(ErrorLog):
    taken: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def note(self, error: BaseException, *, place: str) -> None:
        self.taken.append((type(error).__name__, place))


@dataclass
class Desk:
    queries: Queries
    notes: Notes
    clock: SettableClock
    observe: ObserveSystem


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    adapters, queries, notes = in_memory_adapters(tmp_path), Queries(), Notes()
    assert isinstance(adapters.clock, SettableClock)
    observe = build_use_cases(replace(adapters, system_queries=queries, error_log=notes)).watch_over_system.observe
    observe.limit_seconds = 60.0
    return Desk(queries, notes, adapters.clock, observe)


async def _all_others_are_there(desk: Desk) -> None:
    """A thread of SQLite that is still at work would meet the end of the time, or of the loop."""
    await until(lambda: desk.observe._seen.keys() >= OTHERS and "capacity" in desk.queries.asked)


async def _look_past_what_is_slow(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Observations:
    looking = asyncio.create_task(desk.observe.execute())
    await _all_others_are_there(desk)
    await PassingTime(monkeypatch).skip_until(looking.done)
    return await looking


async def test_a_slow_invariant_is_not_known_and_the_rest_is_without_waiting_for_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with deadline_in(120):
        seen = await _look_past_what_is_slow(desk, monkeypatch)
    assert "over_capacity" not in seen
    assert seen["outbox_age_seconds"] == {"": 7.0}
    assert {"dead_jobs", "errors_of_minute", "open_breakers", "breaker_opened_at"} <= set(seen)
    assert desk.observe.unknown == {"over_capacity"}


async def test_what_is_slow_is_asked_again_only_when_it_is_due(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await _look_past_what_is_slow(desk, monkeypatch)
    for _ in range(3):
        desk.clock.advance(timedelta(seconds=10))
        await desk.observe.execute()
    assert (desk.queries.asked.count("capacity"), desk.queries.asked.count("outbox")) == (1, 4)
    desk.queries.is_slow = False
    desk.clock.advance(INVARIANTS_EVERY)
    assert (await desk.observe.execute())["over_capacity"] == {"": 3}
    assert desk.observe.unknown == set()


@pytest.mark.parametrize(
    ("error", "noted"),
    [(Unavailable(), []), (LookupError("a mistake"), [("LookupError", "figure outbox_age_seconds")])],
)
async def test_a_figure_that_fails_is_no_older_one_and_a_mistake_is_noted(
    desk: Desk, error: Exception, noted: list[tuple[str, str]]
) -> None:
    desk.queries.is_slow = False
    assert "outbox_age_seconds" in await desk.observe.execute()
    desk.queries.age = error
    desk.clock.advance(timedelta(seconds=10))
    seen = await desk.observe.execute()
    assert "outbox_age_seconds" not in seen
    assert "dead_jobs" in seen
    assert desk.observe.unknown == {"outbox_age_seconds"}
    assert desk.notes.taken == noted


async def test_whoever_is_told_to_stop_stops_also_in_the_middle_of_a_figure(desk: Desk) -> None:
    looking = asyncio.create_task(desk.observe.execute())
    await _all_others_are_there(desk)
    looking.cancel()
    await asyncio.wait([looking])
    assert looking.cancelled()
    assert desk.notes.taken == []
