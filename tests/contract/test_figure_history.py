"""The promises of the figures of past minutes."""

from datetime import datetime, timedelta

from application.ports.figure_history import MinuteFigures
from infrastructure.persistence.operations.sql_figure_history import SqlFigureHistory
from infrastructure.persistence.operations.sql_housekeeping import KEPT_FIGURES, SqlHousekeeping
from tests.support.builders import NOW
from tests.support.stores import Store


def a_minute(minute: datetime, *, requests: int = 5) -> MinuteFigures:
    return MinuteFigures(
        minute=minute,
        requests=requests,
        errors=1,
        p95=12.5,
        mean=7.25,
        active_users=3,
        cache_hit_rate=0.75,
        score=100,
    )


async def test_minutes_come_the_oldest_first_from_an_instant_on(store: Store) -> None:
    history = SqlFigureHistory(store.database)
    minutes = [a_minute(NOW + timedelta(minutes=number)) for number in range(3)]
    for figures in minutes[::-1]:
        await history.add(figures)
    assert await history.since(NOW + timedelta(minutes=1)) == minutes[1:]


async def test_of_two_points_of_a_minute_the_first_is_kept(store: Store) -> None:
    history = SqlFigureHistory(store.database)
    await history.add(a_minute(NOW, requests=1))
    await history.add(a_minute(NOW, requests=2))
    assert await history.since(NOW) == [a_minute(NOW, requests=1)]


async def test_what_is_old_goes(store: Store) -> None:
    history = SqlFigureHistory(store.database)
    young = a_minute(NOW + timedelta(minutes=2))
    for figures in (a_minute(NOW), young):
        await history.add(figures)
    await SqlHousekeeping(store.database).clean_up(now=NOW + KEPT_FIGURES + timedelta(minutes=1))
    assert await history.since(NOW) == [young]
