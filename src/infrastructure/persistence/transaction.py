"""What the repositories of one unit of work share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, Executable, Row
from sqlalchemy.ext.asyncio import AsyncConnection

from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import StaleVersion
from domain.shared.events import DomainEvent
from infrastructure.persistence.outbox import event_rows, outbox_events

_ADD_EVENTS = outbox_events.insert()


@dataclass(slots=True, kw_only=True)
class Transaction:
    """An open transaction, what it makes untrue in the cache, whether it leaves work for the relay, and whether the job
    it is part of is done with it, and where its result is then."""

    connection: AsyncConnection
    clock: Clock
    ids: Ids
    touched_tags: set[str] = field(default_factory=set[str])
    leaves_work: bool = False
    finishes_job: bool = False
    result_url: str | None = None
    only_reads: bool = False

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """For what writes; what reads has `first` and `all`."""
        if self.only_reads:
            raise RuntimeError("a unit of work for reading was about to write")
        return await self.connection.execute(statement, parameters)

    async def first(self, statement: Executable, parameters: Any = None) -> Row[Any] | None:
        return (await self.connection.execute(statement, parameters)).first()

    async def all(self, statement: Executable, parameters: Any = None) -> Sequence[Row[Any]]:
        return (await self.connection.execute(statement, parameters)).all()

    async def save_version(self, statement: Executable, parameters: Any = None) -> None:
        """Runs an `UPDATE … WHERE version = :version`. Raises StaleVersion when it met no row."""
        result = await self.execute(statement, parameters)
        if result.rowcount != 1:
            raise StaleVersion

    async def record_events(self, events: list[DomainEvent], *, aggregate_id: UUID) -> None:
        """Writes the aggregate's events to the outbox and empties its list, so that a second save repeats none."""
        if events:
            await self.execute(_ADD_EVENTS, event_rows(events, aggregate_id, self.ids))
            events.clear()
            self.leaves_work = True

    def touch(self, *cache_tags: str) -> None:
        """Names what the cache must forget once this transaction has committed."""
        self.touched_tags.update(cache_tags)
