"""The journal of invalidations in the database, which PostgreSQL announces at the commit."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, DateTime, Text, cast, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from application.deadline import deadline_in, within_deadline
from application.ports.clock import Clock
from application.ports.ids import Ids
from infrastructure.cache.invalidation import Invalidation
from infrastructure.cache.invalidation_journal import InvalidationJournal
from infrastructure.persistence.coalesced import Coalesced
from infrastructure.persistence.database import Database
from infrastructure.persistence.dialects import unclaimed
from infrastructure.persistence.operations.cache_invalidation_tables import CHANNEL, cache_invalidations

# PostgreSQL takes no notification of 8000 bytes or more.
MOST_ANNOUNCED_BYTES = 7_900
LEFT_BEHIND_SECONDS = 60.0
MOST_AT_ONCE = 500
# To read more than these would hold everybody up for longer than to load everything again.
MOST_READ = 3_000
READ_SECONDS = 5.0
# As text: whoever reads a thousand rows does not want a thousand lists made by the driver first.
_ROWS = select(cache_invalidations.c.id, cast(cache_invalidations.c.tags, Text))


class SqlInvalidationJournal(InvalidationJournal):
    def __init__(self, database: Database, *, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._reads = Coalesced[float | None, Sequence[Invalidation]](self._read_for_all, gather_seconds=0)

    async def record(self, connection: AsyncConnection, tags: Collection[str] | None) -> Invalidation:
        """Writes it in the transaction of `connection`, and has it announced with its commit: one statement."""
        invalidation = Invalidation(self._ids.new(), None if tags is None else frozenset(tags))
        written = cache_invalidations.insert().values(
            id=invalidation.id, tags=None if tags is None else sorted(tags), created_at=self._ago(0)
        )
        if connection.dialect.name == "postgresql":
            announced = func.pg_notify(CHANNEL, invalidation.encoded(most_bytes=MOST_ANNOUNCED_BYTES))
            await connection.execute(select(announced).add_cte(written.cte("written")))
        else:
            await connection.execute(written)
        return invalidation

    async def write(self, tags: Collection[str] | None) -> Invalidation:
        async with self._database.begin() as connection:
            return await self.record(connection, tags)

    async def read(self, *, back_seconds: float | None) -> Sequence[Invalidation]:
        async with within_deadline():
            # One statement for many: it has a deadline of its own.
            with deadline_in(READ_SECONDS):
                return await self._reads.ask(back_seconds)

    async def read_left_behind(self) -> Sequence[Invalidation]:
        old = cache_invalidations.c.created_at < self._ago(LEFT_BEHIND_SECONDS)
        statement = _ROWS.where(old).order_by(cache_invalidations.c.id).limit(MOST_AT_ONCE + 1)
        async with self._database.read() as connection:
            left = [_invalidation(*row) for row in await connection.execute(statement)]
        return left if len(left) <= MOST_AT_ONCE else [await self._replace(old)]

    async def remove(self, ids: Collection[UUID]) -> None:
        async with self._database.begin() as connection:
            await connection.execute(delete(cache_invalidations).where(cache_invalidations.c.id.in_(ids)))

    async def _replace(self, old: ColumnElement[bool]) -> Invalidation:
        """By one as old as they are: whoever looks back from where he stopped has met them, and need not meet it."""
        everything = Invalidation(self._ids.new(), None)
        replaced = unclaimed(select(cache_invalidations.c.id).where(old))
        written = cache_invalidations.insert().values(id=everything.id, created_at=self._ago(LEFT_BEHIND_SECONDS))
        async with self._database.begin() as connection:
            await connection.execute(delete(cache_invalidations).where(cache_invalidations.c.id.in_(replaced)))
            await connection.execute(written)
        return everything

    async def _read_for_all(self, asking: Sequence[float | None]) -> Sequence[Sequence[Invalidation]]:
        statement = _ROWS.limit(MOST_READ + 1)
        backs = [back for back in asking if back is not None]
        if len(backs) == len(asking):
            statement = statement.where(cache_invalidations.c.created_at >= self._ago(max(backs)))
        with deadline_in(READ_SECONDS):
            async with self._database.read() as connection:
                rows = (await connection.execute(statement)).all()
        if len(rows) > MOST_READ:
            return [[Invalidation(self._ids.new(), None)]] * len(asking)
        return [[_invalidation(*row) for row in rows]] * len(asking)

    def _ago(self, seconds: float) -> ColumnElement[datetime] | datetime:
        """By one clock for all: PostgreSQL's own, or that of the machine SQLite is on."""
        if self._database.is_sqlite:
            return self._clock.now() - timedelta(seconds=seconds)
        return func.clock_timestamp(type_=DateTime(timezone=True)) - timedelta(seconds=seconds)


def _invalidation(invalidation_id: UUID, tags: str | None) -> Invalidation:
    return Invalidation(invalidation_id, None if tags is None else msgspec.json.decode(tags, type=frozenset[str]))
