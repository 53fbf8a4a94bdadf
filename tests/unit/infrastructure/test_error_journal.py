"""Errors that nobody expected are counted, whatever happens, and hold nobody's data."""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO

import pytest
import structlog

from application.ports.error_groups import ErrorGroups, ErrorGroupView, SeenErrors
from domain.bookings.booking_refusals import SlotTaken
from infrastructure.clock.settable_clock import SettableClock
from infrastructure.errors.error_journal import MOST_WAITING, ErrorJournal
from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from infrastructure.persistence.constraint_errors import DatabaseUnavailable
from interfaces.bootstrap.structured_logging import configure_logging
from tests.support.builders import NOW
from tests.support.planted import PLANTED, planted_error


@dataclass
class Groups(ErrorGroups):
    """Remembers what it was given, unless it is away."""

    is_away: bool = False
    added: list[SeenErrors] = field(default_factory=list[SeenErrors])

    async def add(self, seen: Sequence[SeenErrors]) -> None:
        if self.is_away:
            raise DatabaseUnavailable
        self.added += seen

    async def recent(self, *, limit: int) -> list[ErrorGroupView]:
        return []


@dataclass
class Desk:
    groups: Groups
    metrics: InMemoryMetrics
    journal: ErrorJournal


@pytest.fixture
def desk() -> Desk:
    groups, metrics = Groups(), InMemoryMetrics()
    return Desk(groups, metrics, ErrorJournal(groups, SettableClock(NOW), metrics))


async def test_the_same_mistake_is_one_group_whatever_its_words(desk: Desk) -> None:
    for number in range(3):
        desk.journal.note(KeyError(f"{number}"), place="GET /a")
    desk.journal.note(ValueError(), place="GET /a")
    desk.journal.note(ValueError(), place="GET /b")
    assert await desk.journal.write()
    assert sorted(seen.count for seen in desk.groups.added) == [1, 1, 3]
    assert b'tailtribe_errors_total{kind="KeyError"} 3.0' in desk.metrics.prometheus_text()


async def test_what_the_rules_refuse_is_no_error(desk: Desk) -> None:
    desk.journal.note(SlotTaken(), place="POST /api/bookings")
    await desk.journal.write()
    assert desk.groups.added == []


async def test_while_the_database_is_away_they_wait_and_are_counted(desk: Desk) -> None:
    desk.groups.is_away = True
    desk.journal.note(KeyError(), place="GET /a")
    assert not await desk.journal.write()
    desk.journal.note(KeyError(), place="GET /a")
    assert not await desk.journal.write()
    desk.groups.is_away = False
    assert await desk.journal.write()
    assert [seen.count for seen in desk.groups.added] == [2]


async def test_a_flood_of_different_errors_is_bounded(desk: Desk) -> None:
    for number in range(2 * MOST_WAITING):
        desk.journal.note(KeyError(), place=f"GET /{number}")
    await desk.journal.write()
    assert len(desk.groups.added) == MOST_WAITING


async def test_a_group_holds_code_and_no_word_of_the_error(desk: Desk) -> None:
    desk.journal.note(planted_error(), place="job mail.send")
    await desk.journal.write()
    (seen,) = desk.groups.added
    sighting = seen.sighting
    assert (sighting.kind, sighting.place) == ("RuntimeError", "job mail.send")
    assert sighting.message == 'raise RuntimeError(" ".join(PLANTED.values()))'
    assert [name for name, text in PLANTED.items() if text in repr(sighting)] == []


@pytest.fixture
def written() -> Iterator[StringIO]:
    """What the product logs."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logging("INFO")
    stream = StringIO()
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def test_no_line_of_the_log_holds_what_was_planted_in_an_error(written: StringIO) -> None:
    by_form = {name: text for name, text in PLANTED.items() if name != "name"}
    error = RuntimeError(" ".join(by_form.values()))
    structlog.get_logger("tests").error("request_failed", exc_info=error, detail=" ".join(by_form.values()))
    logging.getLogger("some.library").warning("cannot send to %s with %s", by_form["email"], by_form["token"])
    logging.getLogger("some.library").error("failed", exc_info=error)
    lines = written.getvalue().splitlines()
    assert [json.loads(line)["level"] for line in lines] == ["error", "warning", "error"]
    assert [name for name, text in by_form.items() if text in written.getvalue()] == []
