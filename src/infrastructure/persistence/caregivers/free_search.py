"""Searching who is free: candidates in the order of the search, each looked at by the rules of a request."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from application.ports.caregiver_queries import CaregiverSearch, FreeThen
from infrastructure.persistence.bookings.calendars import load_calendars
from infrastructure.persistence.caregivers.caregiver_search_sql import search_statement
from infrastructure.persistence.plain_rows import plain_rows

# Mostly the first few are enough. For one page the calendars of no more than 560 are looked at: everybody may ask this,
# and the next page goes on from there.
CANDIDATES = (60, 250, 250)
_CHUNK = 250
# Mostly nearly all of the first ones are free.
_SPARE = 10
# So many are judged before others get their turn.
_AT_A_STRETCH = 25


async def find_free(
    connection: AsyncConnection, search: CaregiverSearch, free: FreeThen, *, candidates: Sequence[int] = CANDIDATES
) -> tuple[list[Row[Any]], Row[Any] | None]:
    """The rows of a page, and behind which row the next one begins (None: there is none). `candidates` says how many
    are looked at, statement by statement."""
    found: list[Row[Any]] = []
    after, last = search.after, None
    for count in candidates:
        rows = plain_rows(await connection.execute(*search_statement(replace(search, limit=count, after=after))))
        size = search.limit + _SPARE if last is None else _CHUNK
        for start in range(0, min(count, len(rows)), size):
            chunk = rows[start : min(count, start + size)]
            calendars = await load_calendars(connection, [row.id for row in chunk], free.period)
            for number, row in enumerate(chunk):
                if number % _AT_A_STRETCH == 0:
                    await asyncio.sleep(0)
                calendar = calendars.of(row.id)
                if calendar and calendar.can_take(free.period, search.service, pets=free.pets, now=free.now):
                    found.append(row)
                    if len(found) > search.limit:
                        return found[: search.limit], found[search.limit - 1]
        if len(rows) <= count:
            return found, None
        last = rows[count - 1]
        after = float(last.sort_value), last.id
    return found, last
