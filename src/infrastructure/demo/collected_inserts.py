"""Rows of many repositories at once."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import CursorResult, Executable, Insert, Table

from infrastructure.persistence.schema import metadata
from infrastructure.persistence.transaction import Transaction

Row = dict[str, Any]

_CHUNK = 250


@dataclass(slots=True, kw_only=True)
class CollectedInserts(Transaction):
    """Keeps what repositories insert, and sends it a table at a time: a fifth of the time of row by row.

    Only for what is all new. What is read before `send` does not see the kept rows.
    """

    rows: dict[Table, list[Row]] = field(default_factory=lambda: defaultdict(list))

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        if not isinstance(statement, Insert) or not isinstance(statement.table, Table):
            return await self.connection.execute(statement, parameters)
        given = dict(statement.compile().params) if parameters is None else parameters
        self.rows[statement.table].extend([given] if isinstance(given, dict) else given)
        return cast(
            "CursorResult[Any]", None
        )  # what is kept has no result, and no repository looks at one of an insert

    async def send(self, progress: Callable[[int, int], None]) -> None:
        """Inserts everything, the tables that others refer to first. Tells `progress(done, total)` in rows."""
        total, done = sum(map(len, self.rows.values())), 0
        for table in metadata.sorted_tables:
            rows = self.rows.pop(table, [])
            for start in range(0, len(rows), _CHUNK):
                chunk = rows[start : start + _CHUNK]
                await self.connection.execute(table.insert(), chunk)
                done += len(chunk)
                progress(done, total)
