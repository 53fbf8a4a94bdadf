"""Searching who is free: candidates in the order of the search, each looked at by the rules of a request."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from application.ports.caregiver_queries import CaregiverSearch, FreeThen
from infrastructure.persistence.bookings.calendars import load_calendars
from infrastructure.persistence.caregivers.caregiver_search_sql import search_statement

CANDIDATES = 1000
# So for one page the calendars of no more than 4,000 are looked at.
MOST_ROUNDS = 4
# Mostly the first few are enough.
_FIRST_CHUNK, _CHUNK = 60, 240


async def find_free(
    connection: AsyncConnection, search: CaregiverSearch, free: FreeThen, *, candidates: int = CANDIDATES
) -> tuple[list[Row[Any]], Row[Any] | None]:
    """The rows of a page, and behind which row the next one begins (None: there is none); `candidates` at a time."""
    found: list[Row[Any]] = []
    after, last = search.after, None
    for _ in range(MOST_ROUNDS):
        statement = search_statement(replace(search, limit=candidates, after=after))
        rows = (await connection.execute(statement)).all()
        for chunk in _chunks(rows[:candidates]):
            calendars = await load_calendars(connection, [row.id for row in chunk], free.period)
            for row in chunk:
                calendar = calendars.get(row.id)
                if calendar and calendar.can_take(free.period, search.service, pets=free.pets, now=free.now):
                    found.append(row)
            if len(found) > search.limit:
                return found[: search.limit], found[search.limit - 1]
        if len(rows) <= candidates:
            return found, None
        last = rows[candidates - 1]
        after = float(last.sort_value), last.id
    return found, last


def _chunks(rows: Sequence[Row[Any]]) -> Iterator[Sequence[Row[Any]]]:
    if rows:
        yield rows[:_FIRST_CHUNK]
    for start in range(_FIRST_CHUNK, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]
