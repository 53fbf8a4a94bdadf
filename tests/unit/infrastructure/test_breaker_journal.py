"""Changes of circuit breakers on their way into the history."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

from msgspec.structs import replace

from application.ports.breaker_history import BreakerChange, BreakerHistory
from application.ports.circuit_breakers import BreakerState, BreakerTransition
from domain.shared.errors import Unavailable
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.resilience.breaker import Breaker, BreakerRegistry, BreakerRule
from infrastructure.resilience.breaker_journal import MOST_WAITING, BreakerJournal
from tests.support.polling import until

RULE = BreakerRule(failures_to_open=1, open_seconds=60, timeout_seconds=1, successes_to_close=1)


class HistoryThatMayBeAway(BreakerHistory):
    def __init__(self) -> None:
        self.kept = list[BreakerChange]()
        self.is_away = False

    async def add(self, changes: Sequence[BreakerChange]) -> None:
        await asyncio.sleep(0)
        if self.is_away:
            raise Unavailable
        self.kept.extend(changes)

    async def opened_since(self, instant: datetime) -> Mapping[str, datetime]:
        return {change.name: change.at for change in self.kept if change.at >= instant}

    async def since(self, instant: datetime, *, limit: int) -> list[BreakerChange]:
        return [change for change in self.kept if change.at >= instant][:limit]

    async def recent(
        self, name: str | None, *, limit: int, before: UUID | None
    ) -> tuple[list[BreakerChange], UUID | None]:
        return self.kept, None


def _transition(reason: str = "", *, made_here: bool = True) -> BreakerTransition:
    return BreakerTransition(
        name="email",
        from_state=BreakerState.CLOSED,
        to_state=BreakerState.OPEN,
        at=datetime(2026, 11, 2, tzinfo=UTC),
        reason=reason,
        made_here=made_here,
    )


async def test_every_change_of_a_breaker_is_written_with_its_reason() -> None:
    history = HistoryThatMayBeAway()
    journal, breaker = BreakerJournal(history, Uuid7Ids(), process="host:1"), Breaker("email", RULE)
    BreakerRegistry([breaker]).on_change(journal.note)
    running = asyncio.create_task(journal.run())
    breaker.force_open("maintenance", 60)
    await until(lambda: len(history.kept) == 1)
    breaker.reset()
    await until(lambda: len(history.kept) == 2)
    running.cancel()
    opened, closed = history.kept
    assert (opened.from_state, opened.to_state, opened.reason) == ("closed", "open", "maintenance")
    assert (closed.from_state, closed.to_state, closed.reason) == ("open", "closed", "reset")
    assert opened.process == closed.process != ""


async def test_what_another_process_did_is_its_own_to_write() -> None:
    history = HistoryThatMayBeAway()
    journal = BreakerJournal(history, Uuid7Ids(), process="host:1")
    journal.note(_transition(made_here=False))
    assert await journal.write()
    assert history.kept == []


async def test_changes_wait_for_the_database_in_their_order() -> None:
    history = HistoryThatMayBeAway()
    history.is_away = True
    journal = BreakerJournal(history, Uuid7Ids(), process="host:1", pause_seconds=0.01)
    running = asyncio.create_task(journal.run())
    for reason in "abc":
        journal.note(_transition(reason))
        assert not await journal.write()
    history.is_away = False
    await until(lambda: len(history.kept) >= 3)
    journal.note(_transition("d"))
    await until(lambda: len(history.kept) >= 4)
    running.cancel()
    assert [change.reason for change in history.kept] == ["a", "b", "c", "d"]


async def test_a_change_during_the_writing_is_not_forgotten() -> None:
    history = HistoryThatMayBeAway()
    journal = BreakerJournal(history, Uuid7Ids(), process="host:1")
    journal.note(_transition("first"))
    writing = asyncio.create_task(journal.write())
    await asyncio.sleep(0)
    journal.note(_transition("meanwhile"))
    assert await writing
    assert await journal.write()
    assert [change.reason for change in history.kept] == ["first", "meanwhile"]


async def test_a_long_absence_costs_the_oldest_changes_only() -> None:
    history = HistoryThatMayBeAway()
    journal = BreakerJournal(history, Uuid7Ids(), process="host:1")
    for number in range(MOST_WAITING + 5):
        journal.note(_transition(str(number)))
    assert await journal.write()
    assert [change.reason for change in history.kept] == [str(number) for number in range(5, MOST_WAITING + 5)]


async def test_of_breakers_that_are_probed_often_only_openings_and_closings_are_kept() -> None:
    history = HistoryThatMayBeAway()
    journal = BreakerJournal(history, Uuid7Ids(), process="host:1", probed_often=["cache"])
    states = [BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.OPEN]
    states += [BreakerState.HALF_OPEN, BreakerState.CLOSED]
    for name in ("cache", "email"):
        for before, after in pairwise(states):
            journal.note(replace(_transition(), name=name, from_state=before, to_state=after))
    assert await journal.write()
    kept = [(change.name, change.to_state.value) for change in history.kept]
    assert kept[:2] == [("cache", "open"), ("cache", "closed")]
    assert [state for name, state in kept if name == "email"] == [state.value for state in states[1:]]
