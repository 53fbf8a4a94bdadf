"""The promises of the history of circuit breakers."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from application.ports.breaker_history import BreakerChange
from application.ports.circuit_breakers import BreakerState
from infrastructure.persistence.operations.sql_breaker_history import SqlBreakerHistory
from infrastructure.persistence.operations.sql_housekeeping import KEPT, SqlHousekeeping
from tests.support.builders import NOW
from tests.support.stores import Store


@dataclass
class Book:
    store: Store
    history: SqlBreakerHistory

    def change(
        self,
        name: str = "email",
        *,
        minutes: float = 0,
        to: BreakerState = BreakerState.OPEN,
        process: str = "host:1",
    ) -> BreakerChange:
        return BreakerChange(
            id=self.store.ids.new(),
            name=name,
            from_state=BreakerState.CLOSED,
            to_state=to,
            at=NOW + timedelta(minutes=minutes),
            reason="5 failures in a row",
            process=process,
        )


@pytest.fixture
def book(store: Store) -> Book:
    return Book(store, SqlBreakerHistory(store.database))


async def test_the_youngest_comes_first_and_pages_follow_each_other(book: Book) -> None:
    changes = [book.change(minutes=minute) for minute in range(5)]
    await book.history.add(changes[:2])
    await book.history.add(changes[2:])
    first, before = await book.history.recent(None, limit=3, before=None)
    assert first == changes[:1:-1]
    rest, end = await book.history.recent(None, limit=3, before=before)
    assert rest == changes[1::-1]
    assert end is None


async def test_one_breaker_may_be_looked_at_alone(book: Book) -> None:
    mail, money = book.change("email"), book.change("payments")
    await book.history.add([mail, money])
    assert await book.history.recent("payments", limit=10, before=None) == ([money], None)
    assert await book.history.recent("toaster", limit=10, before=None) == ([], None)


async def test_the_same_change_added_twice_is_kept_once(book: Book) -> None:
    change = book.change()
    await book.history.add([change])
    await book.history.add([change])
    assert (await book.history.recent(None, limit=10, before=None))[0] == [change]


async def test_what_is_old_goes(book: Book) -> None:
    old, young = book.change(), book.change(minutes=2)
    await book.history.add([old, young])
    await SqlHousekeeping(book.store.database).clean_up(now=NOW + KEPT + timedelta(minutes=1))
    assert (await book.history.recent(None, limit=10, before=None))[0] == [young]


async def test_what_two_processes_notice_within_seconds_is_one_change(book: Book) -> None:
    first, echo = book.change(), book.change(minutes=0.1, process="host:2")
    await book.history.add([first])
    await book.history.add([echo])
    assert (await book.history.recent(None, limit=10, before=None))[0] == [first]


async def test_what_comes_later_or_leads_elsewhere_or_was_done_again_is_another(book: Book) -> None:
    opened = book.change()
    closed = book.change(minutes=0.1, to=BreakerState.CLOSED, process="host:2")
    again = book.change(minutes=0.12, process="host:1")
    later = book.change(minutes=1, process="host:2")
    twice_here = book.change(minutes=1.1, process="host:2")
    other = book.change("payments", minutes=1.1, process="host:3")
    changes = [opened, closed, again, later, twice_here, other]
    for change in changes:
        await book.history.add([change])
    assert (await book.history.recent(None, limit=10, before=None))[0] == changes[::-1]


async def test_the_last_openings_are_found_by_breaker_and_instant(book: Book) -> None:
    await book.history.add(
        [
            book.change(),
            book.change("payments", minutes=1),
            book.change("payments", minutes=2),
            book.change("payments", minutes=3, to=BreakerState.HALF_OPEN),
            book.change("slack", minutes=3, to=BreakerState.CLOSED),
        ]
    )
    last = NOW + timedelta(minutes=2)
    assert await book.history.opened_since(NOW) == {"email": NOW, "payments": last}
    assert await book.history.opened_since(last) == {"payments": last}
    assert await book.history.opened_since(last + timedelta(seconds=1)) == {}
