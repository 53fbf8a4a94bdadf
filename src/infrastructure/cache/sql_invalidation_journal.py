"""The journal of invalidations in the database, which PostgreSQL announces at the commit."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from application.deadline import deadline_in, within_deadline
from application.ports.clock import Clock
from application.ports.ids import Ids
from infrastructure.cache.invalidation import Invalidation
from infrastructure.cache.invalidation_journal import InvalidationJournal
from infrastructure.persistence.coalesced import Coalesced
from infrastructure.persistence.database import Database
from infrastructure.persistence.operations.cache_invalidation_tables import CHANNEL, cache_invalidations

# PostgreSQL takes no notification of 8000 bytes or more.
MOST_ANNOUNCED_BYTES = 7_900
LEFT_BEHIND = timedelta(seconds=60)
MOST_AT_ONCE = 500
READ_SECONDS = 5.0


class SqlInvalidationJournal(InvalidationJournal):
    def __init__(self, database: Database, *, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._reads = Coalesced[None, Sequence[Invalidation]](self._read_for_all, gather_seconds=0)

    async def record(self, connection: AsyncConnection, tags: Collection[str] | None) -> Invalidation:
        """Writes it in the transaction of `connection`, and has it announced with its commit: one statement."""
        invalidation = Invalidation(self._ids.new(), None if tags is None else frozenset(tags))
        written = cache_invalidations.insert().values(
            id=invalidation.id, tags=None if tags is None else sorted(tags), created_at=self._clock.now()
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

    async def read(self) -> Sequence[Invalidation]:
        async with within_deadline():
            # One statement for many: it has a deadline of its own.
            with deadline_in(READ_SECONDS):
                return await self._reads.ask(None)

    async def read_left_behind(self) -> Sequence[Invalidation]:
        old = cache_invalidations.c.created_at < self._clock.now() - LEFT_BEHIND
        statement = select(cache_invalidations).where(old).order_by(cache_invalidations.c.id).limit(MOST_AT_ONCE)
        async with self._database.read() as connection:
            return [_invalidation(*row[:2]) for row in await connection.execute(statement)]

    async def remove(self, ids: Collection[UUID]) -> None:
        async with self._database.begin() as connection:
            await connection.execute(delete(cache_invalidations).where(cache_invalidations.c.id.in_(ids)))

    async def _read_for_all(self, asking: Sequence[None]) -> Sequence[Sequence[Invalidation]]:
        with deadline_in(READ_SECONDS):
            async with self._database.read() as connection:
                statement = select(cache_invalidations.c.id, cache_invalidations.c.tags)
                found = [_invalidation(*row) for row in await connection.execute(statement)]
        return [found] * len(asking)


def _invalidation(invalidation_id: UUID, tags: list[str] | None) -> Invalidation:
    return Invalidation(invalidation_id, None if tags is None else frozenset(tags))
